use super::checksum::Sum;
use super::{
    ADVERTISEMENT, Advertisement, Carrier, ChecksumForm, EncodeError, FIXED_LEN, Format, v2, v3,
};
use crate::{Family, Priority};

impl Advertisement<'_> {
    /// Its length on the wire, in bytes; 1036 at most in VRRPv2, 4088 in VRRPv3.
    pub fn encoded_len(&self) -> usize {
        let trailer = match self.format {
            Format::V2 { .. } => v2::TRAILER_LEN,
            Format::V3 { .. } => 0,
        };
        FIXED_LEN + self.addresses.byte_len() + trailer
    }

    /// Writes the advertisement to the start of `buffer`, to be carried by the IP packet
    /// `carrier`, and returns its length.
    ///
    /// Decoding what was written gives back the same advertisement.
    pub fn encode(&self, carrier: Carrier, buffer: &mut [u8]) -> Result<usize, EncodeError> {
        let version = self.format.version();
        let family = self.addresses.family();
        let v2_over_ipv6 = matches!((self.format, family), (Format::V2 { .. }, Family::Ipv6));
        if family != carrier.family() || v2_over_ipv6 {
            return Err(EncodeError::Family {
                version,
                addresses: family,
                carrier: carrier.family(),
            });
        }
        let count = u8::try_from(self.addresses.len())
            .map_err(|_| EncodeError::AddressCount { count: self.addresses.len() })?;
        let [fourth, fifth] = match self.format {
            Format::V2 { authentication } => v2::write(self.interval, authentication)?,
            Format::V3 { .. } => v3::write(self.interval)?,
        };

        let needed = self.encoded_len();
        let too_small = EncodeError::Buffer { available: buffer.len(), needed };
        let message = buffer.get_mut(..needed).ok_or(too_small)?;
        let (fixed, rest) = message.split_first_chunk_mut().ok_or(too_small)?;
        *fixed = [
            version.number() << 4 | ADVERTISEMENT,
            self.vrid.get(),
            Priority::to_wire(self.priority),
            count,
            fourth,
            fifth,
            0,
            0,
        ];
        self.addresses.write(rest);
        let form = match self.format {
            Format::V2 { authentication } => {
                let data = rest.last_chunk_mut().ok_or(too_small)?;
                *data = authentication.data();
                ChecksumForm::MessageOnly
            }
            Format::V3 { checksum } if family == Family::Ipv4 => checksum,
            Format::V3 { .. } => ChecksumForm::PseudoHeader,
        };

        let checksum = Sum::default().add(message).in_form(form, carrier, message.len()).checksum();
        if let Some([_, _, _, _, _, _, high, low]) = message.first_chunk_mut() {
            [*high, *low] = checksum.to_be_bytes();
        }
        Ok(needed)
    }
}

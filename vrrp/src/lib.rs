//! VRRPv2 and VRRPv3 without I/O: packet codec and virtual router state machine.

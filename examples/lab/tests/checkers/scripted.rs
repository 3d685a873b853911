//! Servers that pass and fail by letter, one for each attempt, and when they were tried.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, Socket, Type};
use steadfast_lab::{Frame, Host};

pub(crate) const PORT: u16 = 80;

const TCP: u8 = 6;
const SYN: u8 = 0x02;
const ACK: u8 = 0x10;
/// All protocols, in network byte order (packet(7)).
const ETH_P_ALL: i32 = (3_u16).to_be() as i32;

type Arrivals = Arc<Mutex<HashMap<Ipv4Addr, Vec<(Instant, String)>>>>;

/// Servers by address; of each its letters (`p`asses, `f`ails) and what came of them.
pub(crate) struct Scripted {
    letters: HashMap<Ipv4Addr, &'static str>,
    arrivals: Arrivals,
}

impl Scripted {
    /// Starts them: those that speak HTTP answer with 200 or 500, the others accept connections or
    /// refuse them.
    pub(crate) fn start(host: &Host, servers: Vec<(Ipv4Addr, &'static str, bool)>) -> Self {
        let arrivals = Arrivals::default();
        let letters = servers.iter().map(|(address, letters, _)| (*address, *letters)).collect();
        let mut tcp = HashMap::new();
        for (address, letters, speaks_http) in servers {
            if speaks_http {
                let listener = host.enter(|| TcpListener::bind((address, PORT))).unwrap().unwrap();
                let arrivals = Arc::clone(&arrivals);
                thread::spawn(move || answer(&listener, letters, &arrivals));
            } else {
                tcp.insert(address, letters);
            }
        }
        let seen = Arc::clone(&arrivals);
        // Threads are where those are that start them.
        host.enter(|| thread::spawn(move || accept_by_letter(&tcp, &seen))).unwrap();
        Self { letters, arrivals }
    }

    pub(crate) fn arrivals(&self, server: Ipv4Addr) -> Vec<(Instant, String)> {
        self.arrivals.lock().unwrap().get(&server).cloned().unwrap_or_default()
    }

    /// Whether every letter has had its attempt.
    pub(crate) fn is_over(&self) -> bool {
        self.letters.iter().all(|(server, letters)| self.arrivals(*server).len() >= letters.len())
    }
}

fn record(arrivals: &Arrivals, server: Ipv4Addr, what: String) {
    arrivals.lock().unwrap().entry(server).or_default().push((Instant::now(), what));
}

/// Answers requests by letter, one after another.
fn answer(listener: &TcpListener, letters: &str, arrivals: &Arrivals) {
    for letter in letters.chars().chain(std::iter::repeat('p')) {
        let Ok((mut stream, _)) = listener.accept() else { return };
        let Ok(IpAddr::V4(server)) = stream.local_addr().map(|address| address.ip()) else {
            return;
        };
        let path = path(&mut stream);
        record(arrivals, server, format!("{path}{letter}"));
        let status = if letter == 'p' { "200 OK" } else { "500 No" };
        // Who has gone does not want it.
        let _sent = write!(stream, "HTTP/1.0 {status}\r\n\r\nwell\n");
    }
}

fn path(stream: &mut TcpStream) -> String {
    let mut line = String::new();
    let mut request = String::new();
    let mut stream = BufReader::new(stream);
    while stream.read_line(&mut line).is_ok_and(|length| length > 0) && line != "\r\n" {
        request.push_str(&std::mem::take(&mut line));
    }
    request.split(' ').nth(1).unwrap_or_default().to_owned()
}

/// Listens by letter: whoever is refused is only seen on the wire.
fn accept_by_letter(servers: &HashMap<Ipv4Addr, &'static str>, arrivals: &Arrivals) {
    let socket = Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(ETH_P_ALL))).unwrap();
    let mut listeners = HashMap::new();
    for (server, letters) in servers {
        prepare(&mut listeners, *server, letters.chars().next());
    }
    let mut known = HashSet::new();
    // Who has been accepted stays so when its listener goes.
    let mut accepted = Vec::new();
    let mut buffer = [0; 2048];
    while let Ok(length) = (&socket).read(&mut buffer) {
        let frame =
            Frame { at: Duration::ZERO, bytes: buffer.iter().take(length).copied().collect() };
        let Some((server, connection)) = beginning(&frame) else { continue };
        let Some(letters) = servers.get(&server) else { continue };
        // What is sent again is no further attempt.
        if !known.insert((server, connection)) {
            continue;
        }
        let before = arrivals.lock().unwrap().get(&server).map_or(0, Vec::len);
        let letter = letters.chars().nth(before).unwrap_or('p');
        record(arrivals, server, letter.to_string());
        match listeners.get(&server) {
            Some(listener) => accepted.push(listener.accept().unwrap()),
            // The frame is seen before it is answered.
            None => thread::sleep(Duration::from_millis(50)),
        }
        prepare(&mut listeners, server, letters.chars().nth(before + 1));
    }
}

/// To whom a connection is begun, and what tells it from others.
fn beginning(frame: &Frame) -> Option<(Ipv4Addr, Vec<u8>)> {
    let packet = frame.packet().filter(|packet| packet.protocol == TCP)?;
    let flags = packet.payload.get(13)?;
    let IpAddr::V4(server) = packet.destination else { return None };
    let connection = packet.payload.get(..8)?;
    (flags & (SYN | ACK) == SYN).then(|| (server, connection.to_vec()))
}

fn prepare(listeners: &mut HashMap<Ipv4Addr, TcpListener>, server: Ipv4Addr, letter: Option<char>) {
    if letter == Some('f') {
        listeners.remove(&server);
    } else {
        listeners.entry(server).or_insert_with(|| TcpListener::bind((server, PORT)).unwrap());
    }
}

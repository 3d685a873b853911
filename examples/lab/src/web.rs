use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::{Host, LabError};

const PORT: u16 = 80;
/// Until it tries again to take a client in.
const TURN: Duration = Duration::from_millis(10);
/// More than the requests of checks and tests take.
const LONGEST_REQUEST: u64 = 4096;

/// A web server on port 80 of a host, within this process. Dropping it closes the port and all its
/// connections.
#[derive(Debug)]
pub struct WebServer {
    answer: watch::Sender<Answer>,
    /// Kept for its end, with which the server ends.
    _runtime: Runtime,
}

/// What a [`WebServer`] does on each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It answers with this status and body.
    Page(u16, &'static str),
    /// It answers well, but so late.
    Late(Duration),
    /// It says nothing, until the client has had enough.
    Nothing,
    /// It closes the connection at once.
    Close,
    /// It promises more than it sends.
    HalfAPage,
}

impl Answer {
    /// A page that says so, with status 200.
    pub const WELL: Self = Self::Page(200, "well\n");
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page(status, _) => write!(f, "answers {status}"),
            Self::Late(time) => write!(f, "answers {time:?} late"),
            Self::Nothing => f.write_str("says nothing"),
            Self::Close => f.write_str("closes at once"),
            Self::HalfAPage => f.write_str("sends half a page"),
        }
    }
}

impl WebServer {
    /// Starts it on a host; it answers [`Answer::WELL`].
    ///
    /// # Errors
    ///
    /// When the port is in use, or the system refuses what it takes.
    pub fn start(host: &Host) -> Result<Self, LabError> {
        let listening = || LabError::io(format!("starting a web server on {}", host.name()));
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(listening())?;
        let listen = || {
            let _runtime = runtime.enter();
            let listener = std::net::TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT))?;
            listener.set_nonblocking(true)?;
            TcpListener::from_std(listener)
        };
        let listener = host.enter(listen)?.map_err(listening())?;
        let (answer, answers) = watch::channel(Answer::WELL);
        runtime.spawn(async move {
            loop {
                match listener.accept().await {
                    // Clients come and go as they like.
                    Ok((client, _)) => drop(tokio::spawn(give(client, *answers.borrow()))),
                    Err(_) => sleep(TURN).await,
                }
            }
        });
        Ok(Self { answer, _runtime: runtime })
    }

    /// From now on it answers so.
    pub fn set(&self, answer: Answer) {
        self.answer.send_replace(answer);
    }
}

async fn give(mut client: TcpStream, answer: Answer) -> std::io::Result<()> {
    if answer == Answer::Close {
        return Ok(());
    }
    read_request(&mut client).await?;
    let (status, body, length) = match answer {
        Answer::Page(status, body) => (status, body, body.len()),
        Answer::Late(time) => {
            sleep(time).await;
            (200, "well\n", 5)
        }
        Answer::HalfAPage => (200, "well\n", 10),
        Answer::Nothing | Answer::Close => return client.read_u8().await.map(drop),
    };
    let page = format!("HTTP/1.0 {status} Said\r\nContent-Length: {length}\r\n\r\n{body}");
    client.write_all(page.as_bytes()).await
}

async fn read_request(client: &mut TcpStream) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut client = client.take(LONGEST_REQUEST);
    while !request.ends_with(b"\r\n\r\n") {
        request.push(client.read_u8().await?);
    }
    Ok(())
}

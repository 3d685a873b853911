//! SMTP_CHECK, the agent check and dialogues against servers that send literal bytes.

use std::net::SocketAddr;
use std::time::Duration;

use crate::server::{IMPATIENT, PATIENT, failure, passes, server};
use steadfast_checkers::agent::AgentCheck;
use steadfast_checkers::smtp::{SmtpCheck, SmtpFailure};
use steadfast_checkers::tcp::Dialogue;
use steadfast_checkers::{Check, ConnectOptions, DynamicWeight, Failure, LocalError, Outcome};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

/// A server that says the first line at once, and each further one when it has read a line.
async fn lines(lines: &'static [&'static str]) -> SocketAddr {
    server(move |stream| async move {
        let mut stream = BufReader::new(stream);
        for (position, line) in lines.iter().enumerate() {
            if position > 0 {
                stream.read_line(&mut String::new()).await?;
            }
            stream.write_all(line.as_bytes()).await?;
            stream.flush().await?;
        }
        stream.read_line(&mut String::new()).await?;
        Ok(())
    })
    .await
}

fn options(address: SocketAddr, timeout: Duration) -> ConnectOptions {
    ConnectOptions::new(address).timeout(timeout)
}

async fn smtp(conversation: &'static [&'static str]) -> Outcome {
    SmtpCheck::new(options(lines(conversation).await, PATIENT)).check().await
}

#[tokio::test]
async fn a_mail_server_that_greets_and_takes_leave_passes() {
    passes(smtp(&["220 mail\r\n", "250 hello\r\n", "221 bye\r\n"]).await);
}

#[tokio::test]
async fn replies_of_several_lines_are_read_to_their_end() {
    passes(
        smtp(&["220-mail\r\n220-of many\r\n220 lines\r\n", "250-a\r\n250 b\r\n", "221 bye\r\n"])
            .await,
    );
}

#[tokio::test]
async fn what_is_answered_to_quit_does_not_matter() {
    passes(smtp(&["220 mail\r\n", "250 hello\r\n", "500 what?\r\n"]).await);
    passes(smtp(&["220 mail\r\n", "250 hello\r\n", "bye\r\n"]).await);
    passes(smtp(&["220 mail\r\n", "250 hello\r\n"]).await);
}

#[tokio::test]
async fn another_greeting_fails_and_is_shown() {
    let failure = failure(smtp(&["421 too busy\r\n"]).await);
    assert!(
        failure.to_string().ends_with("expected 220 as greeting, got \"421 too busy\""),
        "{failure}"
    );
}

#[tokio::test]
async fn another_answer_to_helo_fails() {
    let failure = failure(smtp(&["220 mail\r\n", "550 go away\r\n"]).await);
    assert!(failure.to_string().contains("expected 250 as answer to HELO"), "{failure}");
}

#[tokio::test]
async fn another_protocol_fails_as_that() {
    let failure = failure(smtp(&["SSH-2.0-OpenSSH_9.2\r\n"]).await);
    assert!(matches!(failure, Failure::Smtp(_, SmtpFailure::NotSmtp { .. })), "{failure}");
}

#[tokio::test]
async fn a_mail_server_that_closes_at_once_has_not_responded() {
    let address = server(|_stream| async { Ok(()) }).await;
    let failure = failure(SmtpCheck::new(options(address, PATIENT)).check().await);
    assert!(matches!(failure, Failure::NoResponse(_)), "{failure}");
}

/// Says the same for ever, slowly or not.
async fn endless(text: &'static [u8], pause: Duration) -> SocketAddr {
    server(move |mut stream| async move {
        loop {
            stream.write_all(text).await?;
            tokio::time::sleep(pause).await;
        }
    })
    .await
}

const PAUSE: Duration = Duration::from_millis(10);

#[tokio::test]
async fn a_greeting_that_trickles_for_ever_fails_at_the_deadline() {
    let address = endless(b"2", PAUSE).await;
    let failure = failure(SmtpCheck::new(options(address, IMPATIENT)).check().await);
    assert!(matches!(failure, Failure::AnswerTimedOut(..)), "{failure}");
}

#[tokio::test]
async fn a_greeting_without_an_end_fails_within_its_bound() {
    for text in [&b"220-more\r\n"[..], b"2"] {
        let address = endless(text, Duration::ZERO).await;
        let failure = failure(SmtpCheck::new(options(address, PATIENT)).check().await);
        assert!(failure.to_string().contains("without an end"), "{failure}");
    }
}

async fn agent(line: &'static [u8]) -> Outcome {
    let address = server(move |mut stream| async move { stream.write_all(line).await });
    AgentCheck::new(options(address.await, PATIENT)).check().await
}

#[tokio::test]
async fn the_weight_that_an_agent_asks_for_is_reported() {
    match agent(b"50%\n").await {
        Outcome::Pass(report) => assert_eq!(report.weight, Some(DynamicWeight::Percent(50))),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_line_may_end_with_the_connection() {
    passes(agent(b"ready").await);
}

#[tokio::test]
async fn a_server_whose_agent_says_down_fails_with_the_reason() {
    let failure = failure(agent(b"down # disk full\r\n").await);
    assert!(failure.to_string().ends_with("the agent says down: disk full"), "{failure}");
}

#[tokio::test]
async fn the_reason_of_an_agent_is_shown_without_control_characters() {
    let failure = failure(agent(b"down # \x1b[2Jdisk\n").await);
    assert!(failure.to_string().ends_with(r"down: \u{1b}[2Jdisk"), "{failure:?}");
}

#[tokio::test]
async fn an_agent_that_is_silent_absent_or_talks_nonsense_is_inconclusive() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let absent = listener.local_addr().unwrap();
    drop(listener);
    let outcomes = [
        agent(b"").await,
        agent(b"hello world\n").await,
        AgentCheck::new(options(absent, PATIENT)).check().await,
    ];
    for outcome in outcomes {
        let inconclusive = matches!(outcome, Outcome::Inconclusive(LocalError::Informant(_)));
        assert!(inconclusive, "{outcome}");
    }
}

#[tokio::test]
async fn an_agent_is_told_what_is_to_be_sent_first() {
    let address = server(|stream| async move {
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        stream.write_all(if line == "web\n" { b"up\n" } else { b"down\n" }).await?;
        stream.flush().await
    });
    passes(AgentCheck::new(options(address.await, PATIENT)).send("web\n").check().await);
}

#[tokio::test]
async fn a_dialogue_passes_when_all_that_is_expected_comes() {
    let address = lines(&["hello, who are you?\r\n", "pleased to meet you\r\n"]).await;
    let dialogue = Dialogue::new(options(address, PATIENT));
    passes(dialogue.expect("who are you?").send("me\n").expect("pleased").check().await);
}

#[tokio::test]
async fn what_comes_in_pieces_is_found() {
    let address = server(|mut stream| async move {
        for byte in b"some +PONG\r\n" {
            stream.write_all(&[*byte]).await?;
            stream.flush().await?;
            tokio::task::yield_now().await;
        }
        Ok(())
    });
    passes(Dialogue::new(options(address.await, PATIENT)).expect("+PONG\r\n").check().await);
}

#[tokio::test]
async fn something_else_fails_and_is_shown() {
    let address = server(|mut stream| async move { stream.write_all(b"-LOADING\r\n").await });
    let failure =
        failure(Dialogue::new(options(address.await, PATIENT)).expect("+PONG").check().await);
    assert!(failure.to_string().ends_with(r#"expected "+PONG", got "-LOADING\r\n""#), "{failure}");
}

#[tokio::test]
async fn something_else_from_a_server_that_then_waits_is_shown_at_the_deadline() {
    let address = server(|mut stream| async move {
        stream.write_all(b"-LOADING\r\n").await?;
        std::future::pending().await
    });
    let dialogue = Dialogue::new(options(address.await, IMPATIENT)).expect("+PONG");
    let failure = failure(dialogue.check().await);
    assert!(failure.to_string().ends_with(r#"expected "+PONG", got "-LOADING\r\n""#), "{failure}");
}

#[tokio::test]
async fn a_flood_of_something_else_fails_within_its_bound() {
    let address = endless(&[b'x'; 1000], Duration::ZERO).await;
    let failure = failure(Dialogue::new(options(address, PATIENT)).expect("y").check().await);
    assert!(matches!(failure, Failure::Dialogue(..)), "{failure}");
}

#[tokio::test]
async fn silence_fails_at_the_deadline() {
    let address = server(|stream| async {
        let _open = stream;
        std::future::pending().await
    })
    .await;
    let failure = failure(Dialogue::new(options(address, IMPATIENT)).expect("y").check().await);
    assert!(matches!(failure, Failure::AnswerTimedOut(..)), "{failure}");
}

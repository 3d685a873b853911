use super::*;

fn ask(path: &Path, line: &'static str) -> tokio::task::JoinHandle<String> {
    use std::io::{BufRead, BufReader, Write};
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || {
        let mut stream = std::os::unix::net::UnixStream::connect(path).unwrap();
        stream.write_all(line.as_bytes()).unwrap();
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).unwrap();
        answer
    })
}

#[tokio::test]
async fn a_request_is_handed_on_and_its_answer_returned() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("director.sock");
    let mut control = Control::listen(&path);
    let asked = ask(&path, "{\"verb\":\"reload\"}\n");
    let Order { request, answer } = control.next().await;
    assert_eq!(request, Request::Reload);
    answer.send(Answer::Refused { said: "no".to_owned() }).unwrap();
    assert_eq!(asked.await.unwrap(), "{\"answer\":\"refused\",\"said\":\"no\"}\n");
}

#[tokio::test]
async fn what_is_no_request_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("director.sock");
    let _control = Control::listen(&path);
    let answer = ask(&path, "reload\n").await.unwrap();
    assert!(answer.starts_with("{\"answer\":\"malformed\""), "{answer}");
}

#[tokio::test]
async fn a_socket_left_by_somebody_who_is_no_more_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("director.sock");
    std::fs::write(&path, "").unwrap();
    let control = Control::listen(&path);
    assert!(control.listener.is_some());
    control.stop();
    assert!(!path.exists());
}

#[tokio::test]
async fn the_socket_is_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("director.sock");
    let _control = Control::listen(&path);
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

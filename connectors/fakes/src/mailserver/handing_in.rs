//! Hands in a mail as the world does: SMTP without signing in (RFC 5321), bytes as they are.

use std::net::Ipv4Addr;

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufStream},
    net::TcpStream,
};

/// Gives the server's last reply: 250 where it took the mail, else what it refused with.
pub(super) async fn hand_in(port: u16, from: &str, to: &str, raw: &[u8]) -> std::io::Result<String> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    let mut session = Session(BufStream::new(stream));
    session.reply().await?;
    for command in
        ["EHLO mx.outside.example", &format!("MAIL FROM:<{from}> BODY=8BITMIME"), &format!("RCPT TO:<{to}>")]
    {
        let reply = session.command(command.as_bytes()).await?;
        if !reply.starts_with('2') {
            return Ok(reply);
        }
    }
    let reply = session.command(b"DATA").await?;
    if !reply.starts_with('3') {
        return Ok(reply);
    }
    let mut data = Vec::with_capacity(raw.len() + 8);
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            data.push(b'.');
        }
        data.extend_from_slice(line);
    }
    if !raw.ends_with(b"\r\n") {
        data.extend_from_slice(b"\r\n");
    }
    data.push(b'.');
    let reply = session.command(&data).await?;
    session.command(b"QUIT").await?;
    Ok(reply)
}

struct Session(BufStream<TcpStream>);

impl Session {
    async fn command(&mut self, line: &[u8]) -> std::io::Result<String> {
        self.0.write_all(line).await?;
        self.0.write_all(b"\r\n").await?;
        self.0.flush().await?;
        self.reply().await
    }

    /// The last line of a reply.
    async fn reply(&mut self) -> std::io::Result<String> {
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(line.trim_end().to_owned());
            }
        }
    }
}

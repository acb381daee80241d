//! One connection to the browser's `DevTools`: commands out, answers and events in, never for ever.

use super::PATIENCE;
use serde_json::{Value, json};
use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::{Duration, Instant};
use tungstenite::{Message, WebSocket};

/// How long one look at the connection takes.
const STEP: Duration = Duration::from_millis(500);

/// A connection.
pub struct Client {
    socket: WebSocket<TcpStream>,
    /// Number of the last command.
    last: u64,
    /// What the browser said unasked, in order.
    events: Vec<Value>,
}

impl Client {
    /// Connects to an address such as `ws://127.0.0.1:1234/devtools/browser/1`.
    pub fn connect(address: &str) -> Self {
        let host = address.split('/').nth(2).expect("a host");
        let stream = TcpStream::connect(host).expect("the browser listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        stream.set_write_timeout(Some(PATIENCE)).expect("a time limit");
        stream.set_nodelay(true).expect("small messages at once");
        let (socket, _) = tungstenite::client(address, stream).expect("a websocket");
        // Waited for in steps: a browser that talks of other things must not hold a test up.
        socket.get_ref().set_read_timeout(Some(STEP)).expect("a time limit");
        Self { socket, last: 0, events: Vec::new() }
    }

    /// Sends a command and waits for its answer. One that is refused ends the test.
    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let command = json!({ "id": self.last, "method": method, "params": params });
        self.socket.send(Message::text(command.to_string())).expect("the browser takes commands");
        let until = Instant::now() + PATIENCE;
        loop {
            let mut message = self.next(until, method);
            if message["id"] == self.last {
                assert!(message["error"].is_null(), "{method} {params}: {}", message["error"]);
                return message["result"].take();
            }
            self.events.push(message);
        }
    }

    /// What was said unasked so far, and forgets it.
    pub fn events(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.events)
    }

    fn next(&mut self, until: Instant, method: &str) -> Value {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => {
                    return serde_json::from_str(text.as_str()).expect("the browser speaks JSON");
                }
                Ok(_) => {}
                Err(tungstenite::Error::Io(error))
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => panic!("{method}: the browser is gone: {error}"),
            }
            assert!(Instant::now() < until, "{method}: no answer; so far: {:#?}", self.events);
        }
    }
}

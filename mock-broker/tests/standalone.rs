//! The stand-alone binary, as a script uses it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

struct Standalone(Child);

impl Drop for Standalone {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(arguments: &[&str]) -> Standalone {
    let binary = env!("CARGO_BIN_EXE_milena-mock-broker");
    let mut command = Command::new(binary);
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    Standalone(command.spawn().expect("the binary was built for this test"))
}

fn first_line(standalone: &mut Standalone) -> String {
    let stdout = standalone.0.stdout.take().expect("it is piped");
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).expect("it is text");
    line
}

#[test]
fn the_first_line_names_brokers_that_serve() {
    let mut standalone = start(&["--brokers", "3", "--port", "0"]);
    let line = first_line(&mut standalone);
    let servers = line.trim_end().strip_prefix("bootstrap.servers=").expect("that is its form");
    assert_eq!(servers.split(',').count(), 3);
    for server in servers.split(',') {
        assert!(server.starts_with("127.0.0.1:"), "{server}");
        TcpStream::connect(server).expect("it serves before it says so");
    }
}

#[test]
fn a_port_in_use_ends_it_with_an_error_that_names_the_address() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("some port is free");
    let address = taken.local_addr().expect("it is bound");
    let mut standalone = start(&["--brokers", "1", "--port", &address.port().to_string()]);
    assert!(!standalone.0.wait().expect("it ends").success());
    let mut errors = String::new();
    let stderr = standalone.0.stderr.as_mut().expect("it is piped");
    stderr.read_to_string(&mut errors).expect("it is text");
    assert!(errors.contains(&address.to_string()), "{errors}");
}

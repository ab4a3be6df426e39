//! Reads the published ports of a service, in short and long form.

use super::reader::{Reader, list, number, text};
use super::{Port, PortMode};
use crate::scalar::{Scalar, ScalarKind};
use crate::yaml::{Node, Value};

/// More ports than a machine has, for both protocols: only a hostile file names more.
const MAX_PORTS: usize = 2 * 65_536;

const HINT: &str = "write `published:target`, such as \"8080:80\" or \"53:53/udp\"";

pub(super) fn read(reader: &mut Reader<'_>, path: &str, node: &Node) -> Vec<Port> {
    let mut ports = Vec::new();
    for (index, item) in list(node).iter().enumerate() {
        let at = format!("{path}.{index}");
        let read = match &item.value {
            Value::Map(_) => long(reader, &at, item).into_iter().collect(),
            Value::Scalar(Scalar { text, kind: ScalarKind::Text | ScalarKind::Number, .. }) => parse_short(text)
                .unwrap_or_else(|| {
                    reader.report(&at, item.line, format!("`{text}` is not a port"), Some(HINT));
                    Vec::new()
                }),
            Value::Scalar(_) | Value::Null | Value::List(_) => {
                reader.report(&at, item.line, "is not a port", Some(HINT));
                Vec::new()
            }
        };
        if ports.len() + read.len() > MAX_PORTS {
            reader.report(path, node.line, format!("publishes more than {MAX_PORTS} ports"), None);
            break;
        }
        for port in &read {
            reader.note(&format!("{path}.{}", port.target), item.line);
        }
        ports.extend(read);
    }
    ports
}

fn long(reader: &mut Reader<'_>, path: &str, node: &Node) -> Option<Port> {
    let (mut target, mut published) = (None, None);
    let mut port = Port { target: 0, published: 0, protocol: "tcp".to_owned(), mode: PortMode::Ingress };
    reader.each_key(path, node, |reader, key, path, node| match key {
        "target" => target = port_number(reader, path, node),
        "published" => published = port_number(reader, path, node),
        "protocol" => {
            if let Some(protocol) = text(node) {
                port.protocol = protocol;
            }
        }
        "mode" => {
            port.mode = match text(node).as_deref() {
                Some("host") => PortMode::Host,
                Some("ingress") | None => PortMode::Ingress,
                Some(other) => {
                    reader.report(path, node.line, format!("unknown mode `{other}`"), Some("use ingress or host"));
                    PortMode::Ingress
                }
            };
        }
        _ => {}
    });
    // A target that is there and cannot be read has been reported where it stands.
    if target.is_none() && !matches!(&node.value, Value::Map(keys) if keys.iter().any(|(key, _)| key.name == "target"))
    {
        reader.report(path, node.line, "has no `target`", Some("add the port in the container, such as `target: 80`"));
    }
    port.target = target?;
    port.published = published.unwrap_or_default();
    Some(port)
}

fn port_number(reader: &mut Reader<'_>, path: &str, node: &Node) -> Option<u16> {
    let number = number(node)?;
    let port = u16::try_from(number).ok();
    if port.is_none() {
        reader.report(path, node.line, format!("{number} is not a port"), None);
    }
    port
}

/// `[[address:]published:]target[/protocol]`, where both ports may be ranges of the same length.
fn parse_short(text: &str) -> Option<Vec<Port>> {
    let (text, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol = protocol.to_ascii_lowercase();
    if !matches!(protocol.as_str(), "tcp" | "udp" | "sctp") {
        return None;
    }
    let (before, target) = text.rsplit_once(':').map_or((None, text), |(before, target)| (Some(before), target));
    // An address in front is dropped: Swarm publishes on every address.
    let published = before.map(|before| before.rsplit_once(':').map_or(before, |(_, published)| published));
    let (first, last) = range(target)?;
    let published = match published {
        None | Some("") => None,
        Some(published) => Some(range(published)?),
    };
    if let Some((from, to)) = published
        && to - from != last - first
    {
        // A range of published ports may share one target.
        let shared = (from..=to).map(|published| port(first, published, &protocol));
        return (first == last).then(|| shared.collect());
    }
    let offsets = 0..=(last - first);
    Some(
        offsets.map(|offset| port(first + offset, published.map_or(0, |(from, _)| from + offset), &protocol)).collect(),
    )
}

fn port(target: u16, published: u16, protocol: &str) -> Port {
    Port { target, published, protocol: protocol.to_owned(), mode: PortMode::Ingress }
}

fn range(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_ports_are_read_as_the_loader_reads_them() {
        let show = |text: &str| {
            let ports = parse_short(text)?;
            let shown = ports.iter().map(|port| format!("{}:{}/{}", port.published, port.target, port.protocol));
            Some(shown.collect::<Vec<_>>().join(" "))
        };
        assert_eq!(show("80").as_deref(), Some("0:80/tcp"));
        assert_eq!(show("127.0.0.1:90:91").as_deref(), Some("90:91/tcp"));
        assert_eq!(show("[::1]:6:7/UDP").as_deref(), Some("6:7/udp"));
        assert_eq!(show("1000-1001:2000-2001").as_deref(), Some("1000:2000/tcp 1001:2001/tcp"));
        assert_eq!(show("8000-8001:80").as_deref(), Some("8000:80/tcp 8001:80/tcp"));
        for text in ["", "a", "80/xyz", "9-8", "70000", "1-2:3-9", ":"] {
            assert_eq!(show(text), None, "{text}");
        }
    }
}

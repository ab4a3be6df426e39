//! Variants of the good recipe that count on something of the machine: a shell's variables, files that can be written.

use crate::families::Variant;
use crate::shop::Edit::Swap;

pub(crate) const MACHINE: &[Variant] = &[
    (
        "CC002 a variable that every machine has, and the same with a default",
        &[Swap(
            "compose.yml",
            "    image: postgres:16.4\n",
            "    image: postgres:16.4\n    working_dir: ${HOME}/x${USER:-me}\n",
        )],
    ),
    (
        "CC408 a read-only service that has to write",
        &[Swap(
            "compose.yml",
            "    image: postgres:16.4\n",
            "    image: postgres:16.4\n    read_only: true\n    tmpfs: [/tmp, \"/var/run/:size=1m\"]\n",
        )],
    ),
    (
        "CC409 a read-only service without /tmp",
        &[Swap("compose.yml", "    image: postgres:16.4\n", "    image: postgres:16.4\n    read_only: true\n")],
    ),
    (
        "nothing where /tmp is a mount",
        &[
            Swap("compose.yml", "    image: postgres:16.4\n", "    image: postgres:16.4\n    read_only: true\n"),
            Swap(
                "compose.yml",
                "      - db:/var/lib/postgresql/data\n",
                "      - db:/var/lib/postgresql/data\n      - {type: tmpfs, target: /tmp/}\n",
            ),
        ],
    ),
    (
        "CC405 the short form",
        &[Swap("compose.yml", "    image: postgres:16.4\n", "    image: postgres:16.4\n    tmpfs: [/run]\n")],
    ),
    (
        "CC406 an address",
        &[Swap(
            "compose.smtp.yml",
            "    environment:\n",
            "    networks: {internal: {ipv4_address: 10.0.9.5}}\n    environment:\n",
        )],
    ),
    ("CC407 a bare list", &[Swap("compose.yml", "[\"CMD\", \"pg_isready\"]", "[\"pg_isready\"]")]),
    (
        "CC409 what lies at /tmp cannot be written",
        &[
            Swap("compose.yml", "    image: postgres:16.4\n", "    image: postgres:16.4\n    read_only: true\n"),
            Swap(
                "compose.yml",
                "      - db:/var/lib/postgresql/data\n",
                "      - db:/var/lib/postgresql/data\n      - db:/tmp:ro\n",
            ),
        ],
    ),
    (
        "CC408 an overlay makes it read-only",
        &[
            Swap("compose.yml", "  app:\n", "  app:\n    tmpfs: /run\n"),
            Swap("compose.smtp.yml", "  app:\n", "  app:\n    read_only: true\n"),
        ],
    ),
    ("CC407 nothing but an argument", &[Swap("compose.yml", "[\"CMD\", \"pg_isready\"]", "[\"-q\"]")]),
    ("CC406 a mode", &[Swap("compose.smtp.yml", "  app:\n", "  app:\n    network_mode: bridge\n")]),
];

//! Masks lines that belong together: a secret may begin in one of them and end in another.

use super::{Redactor, Vault};
use std::collections::VecDeque;

/// No more than this is held back, however long a secret is. Bytes.
const MOST: usize = 64 * 1024;

impl Redactor {
    /// The lines, as many as before, with every form of every secret masked, also where one goes on in the next line.
    #[must_use]
    pub fn mask_lines(&self, lines: Vec<String>) -> Vec<String> {
        if !self.is_needed() {
            return lines;
        }
        let together = lines.join("\n");
        let masked = self.mask(&together);
        if masked == together {
            return lines;
        }
        // Masking keeps every line break, those inside of a line as well.
        let mut parts = masked.split('\n');
        let of_line = |line: &String| {
            let breaks = line.matches('\n').count();
            parts.by_ref().take(breaks + 1).collect::<Vec<_>>().join("\n")
        };
        lines.iter().map(of_line).collect()
    }
}

/// Masks lines as they come. A line is held back for as long as what follows may complete a secret that begins in it.
#[derive(Debug)]
pub struct LineMasker {
    vault: Vault,
    held: VecDeque<String>,
    /// How many bytes are held, line breaks among them.
    bytes: usize,
}

impl LineMasker {
    /// Masks what `vault` knows when a line is let go.
    #[must_use]
    pub fn new(vault: &Vault) -> Self {
        Self { vault: vault.clone(), held: VecDeque::new(), bytes: 0 }
    }

    /// Takes a line; returns those that can be shown now.
    pub fn push(&mut self, line: &str) -> Vec<String> {
        let redactor = self.vault.redactor();
        if !redactor.is_needed() && self.held.is_empty() {
            return vec![line.to_owned()];
        }
        self.held.push_back(line.to_owned());
        self.bytes += line.len() + 1;
        let reach = redactor.reach().min(MOST);
        let (mut behind, mut ready) = (self.bytes, 0);
        for line in &self.held {
            behind -= line.len() + 1;
            if behind < reach {
                break;
            }
            ready += 1;
        }
        // Half of what is held goes at once, so that no line is masked again and again with those that follow it.
        if ready == 0 || self.bytes < 2 * reach {
            return Vec::new();
        }
        let mut lines = redactor.mask_lines(self.held.drain(..).collect());
        // What was masked already stays so: no form begins or ends in a mask.
        self.held.extend(lines.split_off(ready));
        self.bytes = self.held.iter().map(|line| line.len() + 1).sum();
        lines
    }

    /// The lines that were held back to the end.
    #[must_use]
    pub fn finish(self) -> Vec<String> {
        self.vault.redactor().mask_lines(self.held.into())
    }
}

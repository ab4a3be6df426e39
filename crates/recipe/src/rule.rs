//! Reads the rule of a Traefik router, such as ``Host(`a.example`) && PathPrefix(`/api`)``.
//!
//! Source: Traefik's documentation of routers. Traefik reads rules with the parser of Go's expressions, so texts may stand in
//! backquotes or in double quotes. What is left out here, such as comments and escapes in double quotes, is an error: nothing is read
//! in another way than Traefik reads it.

use std::str::FromStr;

/// The longest rule that is read, in bytes: real ones have some hundreds.
const LONGEST: usize = 16 * 1024;

/// The most that a rule may be nested.
const DEPTH: usize = 32;

/// A rule that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouterRule {
    /// What it says.
    pub expression: Expression,
}

/// A rule, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// A matcher with its arguments.
    Call {
        /// Such as `Host`, as written.
        name: String,
        /// The texts between its parentheses.
        arguments: Vec<String>,
    },
    /// What the part does not match.
    Not(Box<Self>),
    /// What all parts match.
    And(Vec<Self>),
    /// What any part matches.
    Or(Vec<Self>),
}

/// Why a rule cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}, at letter {at}")]
pub struct RouterRuleError {
    /// What was expected or is wrong.
    pub what: String,
    /// Where, counted from 1.
    pub at: usize,
    /// Who could read it all the same.
    pub readers: RuleReaders,
}

/// Who can read a rule that cannot be read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleReaders {
    /// Nobody: no Traefik makes a router of it.
    Nobody,
    /// Some version of Traefik, perhaps.
    Traefik,
}

impl FromStr for RouterRule {
    type Err = RouterRuleError;

    fn from_str(text: &str) -> Result<Self, RouterRuleError> {
        if text.len() > LONGEST {
            let what = format!("a rule of more than {LONGEST} bytes");
            return Err(RouterRuleError { what, at: LONGEST, readers: RuleReaders::Traefik });
        }
        let letters: Vec<char> = text.chars().collect();
        let mut reader = Reader { letters: &letters, at: 0 };
        reader.whole().map(|expression| Self { expression }).map_err(|error| {
            // Every matcher takes texts, so a rule without one says nothing. Where there is no rule, Traefik makes one.
            let says_nothing = !text.trim().is_empty() && !text.contains(['`', '"']);
            let readers = if says_nothing { RuleReaders::Nobody } else { error.readers };
            RouterRuleError { readers, ..error }
        })
    }
}

struct Reader<'a> {
    letters: &'a [char],
    at: usize,
}

impl Reader<'_> {
    fn whole(&mut self) -> Result<Expression, RouterRuleError> {
        let expression = self.either(0)?;
        self.blanks();
        if self.at < self.letters.len() {
            return Err(self.error("the rule should end here"));
        }
        Ok(expression)
    }

    fn either(&mut self, depth: usize) -> Result<Expression, RouterRuleError> {
        let mut sides = vec![self.both(depth)?];
        while self.takes("||") {
            sides.push(self.both(depth)?);
        }
        Ok(if sides.len() == 1 { sides.remove(0) } else { Expression::Or(sides) })
    }

    fn both(&mut self, depth: usize) -> Result<Expression, RouterRuleError> {
        let mut sides = vec![self.one(depth)?];
        while self.takes("&&") {
            sides.push(self.one(depth)?);
        }
        Ok(if sides.len() == 1 { sides.remove(0) } else { Expression::And(sides) })
    }

    fn one(&mut self, depth: usize) -> Result<Expression, RouterRuleError> {
        if depth > DEPTH {
            return Err(self.error("nested too deep"));
        }
        if self.takes("!") {
            return Ok(Expression::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.takes("(") {
            let inner = self.either(depth + 1)?;
            return self.must(")").map(|()| inner);
        }
        let name = self.name();
        if name.is_empty() {
            return Err(self.error("a matcher such as Host(`…`) is missing"));
        }
        self.must("(")?;
        let mut arguments = Vec::new();
        while !self.takes(")") {
            if !arguments.is_empty() {
                self.must(",")?;
                // Go allows a comma behind the last argument.
                if self.takes(")") {
                    break;
                }
            }
            arguments.push(self.text()?);
        }
        Ok(Expression::Call { name, arguments })
    }

    fn name(&mut self) -> String {
        self.blanks();
        let start = self.at;
        while self.letters.get(self.at).is_some_and(|letter| letter.is_ascii_alphanumeric()) {
            self.at += 1;
        }
        self.letters[start..self.at].iter().collect()
    }

    fn text(&mut self) -> Result<String, RouterRuleError> {
        self.blanks();
        let quote = match self.letters.get(self.at) {
            Some(quote @ ('`' | '"')) => *quote,
            _ => return Err(self.error("a text in backquotes is missing")),
        };
        self.at += 1;
        let start = self.at;
        while let Some(letter) = self.letters.get(self.at) {
            if *letter == quote {
                self.at += 1;
                return Ok(self.letters[start..self.at - 1].iter().collect());
            }
            if quote == '"' && matches!(letter, '\\' | '\n') {
                return Err(self.error("an escape in double quotes; write the text in backquotes"));
            }
            self.at += 1;
        }
        Err(RouterRuleError { readers: RuleReaders::Nobody, ..self.error("a text is not closed") })
    }

    fn blanks(&mut self) {
        while self.letters.get(self.at).is_some_and(|letter| matches!(letter, ' ' | '\t' | '\n' | '\r')) {
            self.at += 1;
        }
    }

    fn takes(&mut self, sign: &str) -> bool {
        self.blanks();
        let found = sign.chars().enumerate().all(|(at, letter)| self.letters.get(self.at + at) == Some(&letter));
        if found {
            self.at += sign.chars().count();
        }
        found
    }

    fn must(&mut self, sign: &str) -> Result<(), RouterRuleError> {
        if self.takes(sign) { Ok(()) } else { Err(self.error(&format!("`{sign}` is missing"))) }
    }

    fn error(&self, what: &str) -> RouterRuleError {
        RouterRuleError { what: what.to_owned(), at: self.at + 1, readers: RuleReaders::Traefik }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(expression: &Expression) -> String {
        let join =
            |sides: &[Expression], sign: &str| format!("({})", sides.iter().map(shown).collect::<Vec<_>>().join(sign));
        match expression {
            Expression::Call { name, arguments } => format!("{name}{arguments:?}"),
            Expression::Not(inner) => format!("!{}", shown(inner)),
            Expression::And(sides) => join(sides, " and "),
            Expression::Or(sides) => join(sides, " or "),
        }
    }

    #[test]
    fn rules_are_read_as_traefik_reads_them() {
        let check = |text: &str, expected: &str| {
            let read =
                text.parse::<RouterRule>().map_or_else(|error| error.to_string(), |rule| shown(&rule.expression));
            assert_eq!(read, expected, "{text}");
        };
        check("Host(`a.b`)", "Host[\"a.b\"]");
        check("Host(`a`, \"b\",)", "Host[\"a\", \"b\"]");
        check(
            "Host(`a`) && (PathPrefix(`/x`) || Path(`/y`))",
            "(Host[\"a\"] and (PathPrefix[\"/x\"] or Path[\"/y\"]))",
        );
        check("Host(`a`) || Host(`b`) && !Path(`/`)", "(Host[\"a\"] or (Host[\"b\"] and !Path[\"/\"]))");
        check("Host()", "Host[]");
        check("", "a matcher such as Host(`…`) is missing, at letter 1");
        check("Host(a.b)", "a text in backquotes is missing, at letter 6");
        check("Host(`a.b)", "a text is not closed, at letter 11");
        check("Host(`a`) Host(`b`)", "the rule should end here, at letter 11");
        check("Host(\"\\u0061\")", "an escape in double quotes; write the text in backquotes, at letter 7");
        check("Host(`a`) /* && */ || Path(`/`)", "the rule should end here, at letter 11");
        check(&format!("{}Host(`a`)", "(".repeat(40)), "nested too deep, at letter 34");
    }

    #[test]
    fn only_what_no_traefik_can_read_is_read_by_nobody() {
        let check = |text: &str, expected: RuleReaders| {
            assert_eq!(text.parse::<RouterRule>().unwrap_err().readers, expected, "{text}");
        };
        for text in ["Host(a.b)", "Host", "Host(`a.b)", "Host(`a`) && Path(`/x)", "Host(\"a.b)"] {
            check(text, RuleReaders::Nobody);
        }
        // No rule, one that a quote closes further on, and what Go reads and this module does not.
        for text in ["", " ", "Host(`a) || Host(`evil`)", "Host(\"\\u0061)", "Host(`a`) /* ` */", "Host(`a`, b)"] {
            check(text, RuleReaders::Traefik);
        }
    }
}

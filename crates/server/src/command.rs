//! What a comment asks for. Whole comments of one line that begin with `!testme` are ours; everything else is met with silence.

use cc_ci_model::tier::Tier;
use cc_ci_recipe::source::nearest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The word that a command begins with.
const WORD: &str = "!testme";

/// Everything that may follow it.
const WORDS: [&str; 6] = ["--quick", "only=", "base=", "help", "status", "cancel"];

/// The longest comment that is read as a command, in bytes.
const LONGEST: usize = 400;

/// What a comment is to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Somebody else is meant.
    Silence,
    /// We are meant.
    Command(Command),
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Command {
    /// A run.
    Run(Wish),
    /// What can be said.
    Help,
    /// How the runs of this pull request stand.
    Status,
    /// An end of all runs of this pull request.
    Cancel,
    /// Ours, and not understood: what is wrong, in Markdown.
    Unclear(String),
}

/// What kind of run is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wish {
    /// Only these tiers; all when empty.
    pub(crate) only: BTreeSet<Tier>,
    /// From this published version.
    pub(crate) base: Option<String>,
    /// Whether the fastest answer is wanted.
    pub(crate) speed: Speed,
}

/// How much is proven.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Speed {
    /// Everything, from empty volumes.
    #[default]
    Whole,
    /// From the recipe's canonical, where that can be.
    Quick,
}

/// What a run that ends well has proven, and so which status it may set (SRV-9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// Everything: the status that gates merges.
    Whole,
    /// A part, or from a base that somebody chose.
    Partial,
    /// What a quick look shows.
    Quick,
}

impl Wish {
    /// What is proven when it ends well.
    pub(crate) fn proof(&self) -> Proof {
        match self.speed {
            Speed::Quick => Proof::Quick,
            Speed::Whole if self.only.is_empty() && self.base.is_none() => Proof::Whole,
            Speed::Whole => Proof::Partial,
        }
    }

    /// The comment that asks for it.
    pub(crate) fn written(&self) -> String {
        let tiers: Vec<&str> = self.only.iter().map(|tier| tier.word()).collect();
        let only = (!tiers.is_empty()).then(|| format!(" only={}", tiers.join(",")));
        let base = self.base.as_ref().map(|base| format!(" base={base}"));
        let quick = (self.speed == Speed::Quick).then(|| " --quick".to_owned());
        [Some(WORD.to_owned()), quick, only, base].into_iter().flatten().collect()
    }

    /// The arguments of `cc-ci run` that it comes to.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let mut arguments: Vec<String> = match self.speed {
            Speed::Whole => Vec::new(),
            Speed::Quick => vec!["--quick".to_owned()],
        };
        if !self.only.is_empty() {
            let tiers: Vec<&str> = self.only.iter().map(|tier| tier.word()).collect();
            arguments.push(format!("--stages={}", tiers.join(",")));
        }
        arguments.extend(self.base.iter().map(|base| format!("--base={base}")));
        arguments
    }
}

impl Proof {
    /// The context of the commit status.
    pub(crate) const fn context(self) -> &'static str {
        match self {
            Self::Whole => "cc-ci/testme",
            Self::Partial => "cc-ci/testme-partial",
            Self::Quick => "cc-ci/testme-quick",
        }
    }
}

/// Reads a comment.
pub(crate) fn hear(body: &str) -> Heard {
    let line = body.trim();
    let mut words = line.split_ascii_whitespace();
    if line.len() > LONGEST || line.contains(['\n', '\r']) || words.next() != Some(WORD) {
        return Heard::Silence;
    }
    let words: Vec<&str> = words.collect();
    Heard::Command(match words.as_slice() {
        ["help"] => Command::Help,
        ["status"] => Command::Status,
        ["cancel"] => Command::Cancel,
        words => wish(words).map_or_else(Command::Unclear, Command::Run),
    })
}

/// Reads the words behind the first one as a wish.
fn wish(words: &[&str]) -> Result<Wish, String> {
    let mut wish = Wish::default();
    for word in words {
        match word.split_once('=') {
            None if *word == "--quick" && wish.speed == Speed::Whole => wish.speed = Speed::Quick,
            Some(("only", tiers)) if wish.only.is_empty() => wish.only = only(tiers)?,
            Some(("base", version)) if wish.base.is_none() => wish.base = Some(base(version)?),
            Some((name @ ("only" | "base"), _)) => return Err(format!("`{name}=` stands there twice")),
            None if *word == "--quick" => return Err("`--quick` stands there twice".to_owned()),
            None if ["help", "status", "cancel"].contains(word) => return Err(format!("`{word}` stands alone")),
            Some(_) | None => return Err(unknown(word)),
        }
    }
    if wish.speed == Speed::Quick && !wish.only.is_empty() {
        return Err("`--quick` chooses its tiers itself: leave it or `only=` out".to_owned());
    }
    Ok(wish)
}

fn only(tiers: &str) -> Result<BTreeSet<Tier>, String> {
    let tier = |word: &str| {
        Tier::parse(word).map_err(|_unknown| {
            let words = Tier::ALL.map(Tier::word);
            let near = nearest(word, words).map_or_else(
                || format!("the tiers are {}", words.join(", ")),
                |near| format!("did you mean `only={near}`?"),
            );
            format!("{} is no tier; {near}", quoted(word))
        })
    };
    let tiers = tiers.split(',').filter(|word| !word.is_empty()).map(tier).collect::<Result<BTreeSet<_>, _>>()?;
    if tiers.is_empty() { Err("`only=` names no tier".to_owned()) } else { Ok(tiers) }
}

fn base(version: &str) -> Result<String, String> {
    let letter = |letter: char| letter.is_ascii_alphanumeric() || "._+-".contains(letter);
    let good = version.len() <= 64 && version.starts_with(|first: char| first.is_ascii_alphanumeric());
    if good && version.chars().all(letter) {
        Ok(version.to_owned())
    } else {
        Err(format!("{} is no version, such as `base=1.2.0+3.4`", quoted(version)))
    }
}

fn unknown(word: &str) -> String {
    let name = word.split_inclusive('=').next().unwrap_or(word);
    // `only` for `only=`, `quick` for `--quick`: the nearest word is at hand without counting letters.
    let bare = |word: &str| word.trim_matches(['-', '=']).to_ascii_lowercase();
    let same = WORDS.into_iter().find(|known| bare(known) == bare(name));
    let hint = match same.or_else(|| nearest(name, WORDS)) {
        Some(near) => format!("did you mean `{WORD} {near}`?"),
        None => format!("`{WORD} help` says what can be said"),
    };
    format!("{} is no word of mine; {hint}", quoted(word))
}

/// Somebody's word in our mouth: letters that can be neither markup, nor mention, nor link.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |letter: &char| letter.is_ascii_alphanumeric() || "._+-=,".contains(*letter);
    let kept: String = word.chars().filter(plain).take(40).collect();
    if kept.is_empty() { "that".to_owned() } else { format!("`{kept}`") }
}

#[cfg(test)]
mod tests {
    use super::{Command, Heard, Proof, hear};

    fn check(body: &str, expected: &str) {
        let said = match hear(body) {
            Heard::Silence => "silence".to_owned(),
            Heard::Command(Command::Run(wish)) => {
                format!("run {} {}", wish.arguments().join(" "), wish.proof().context())
            }
            Heard::Command(Command::Unclear(why)) => format!("unclear: {why}"),
            Heard::Command(other) => format!("{other:?}"),
        };
        assert_eq!(said, expected, "{body:?}");
    }

    #[test]
    fn commands_are_understood() {
        check("!testme", "run  cc-ci/testme");
        check("  !testme \r\n", "run  cc-ci/testme");
        check("!testme --quick", "run --quick cc-ci/testme-quick");
        check("!testme --quick base=1.0.0", "run --quick --base=1.0.0 cc-ci/testme-quick");
        check("!testme only=upgrade,install", "run --stages=install,upgrade cc-ci/testme-partial");
        check("!testme base=1.2.0+3.4", "run --base=1.2.0+3.4 cc-ci/testme-partial");
        check("!testme help", "Help");
        check("!testme status", "Status");
        check("!testme cancel", "Cancel");
    }

    #[test]
    fn what_is_not_ours_is_silence() {
        for body in [
            "",
            "!",
            "testme",
            "!testmexyz",
            "!Testme",
            "please !testme",
            "> !testme",
            "`!testme`",
            "!testme\nplease",
            "please\n!testme",
            "!test me",
            "!\u{2060}testme",
            "\u{200b}!testme",
        ] {
            check(body, "silence");
        }
        check(&format!("!testme {}", "x".repeat(400)), "silence");
    }

    #[test]
    fn an_unknown_word_is_told_its_nearest() {
        check("!testme quick", "unclear: `quick` is no word of mine; did you mean `!testme --quick`?");
        check("!testme --quik", "unclear: `--quik` is no word of mine; did you mean `!testme --quick`?");
        check("!testme halp", "unclear: `halp` is no word of mine; did you mean `!testme help`?");
        check("!testme Only=install", "unclear: `Only=install` is no word of mine; did you mean `!testme only=`?");
        check("!testme please", "unclear: `please` is no word of mine; `!testme help` says what can be said");
        check("!testme only=instal", "unclear: `instal` is no tier; did you mean `only=install`?");
        check("!testme only=", "unclear: `only=` names no tier");
        check("!testme only=install only=upgrade", "unclear: `only=` stands there twice");
        check("!testme help me", "unclear: `help` stands alone");
        for body in ["!testme --quick only=install", "!testme only=install --quick"] {
            check(body, "unclear: `--quick` chooses its tiers itself: leave it or `only=` out");
        }
    }

    #[test]
    fn a_base_is_never_an_option_and_a_word_in_an_answer_is_never_markup() {
        for bad in ["base=--worktree", "base=", "base=-x", "base=a/b", "base=$(id)"] {
            assert!(matches!(hear(&format!("!testme {bad}")), Heard::Command(Command::Unclear(_))), "{bad}");
        }
        check("!testme `@all`<b>", "unclear: `allb` is no word of mine; `!testme help` says what can be said");
        check("!testme \u{202e}", "unclear: that is no word of mine; `!testme help` says what can be said");
    }

    #[test]
    fn only_a_whole_run_may_gate() {
        let gates = |body: &str| match hear(body) {
            Heard::Command(Command::Run(wish)) => wish.proof() == Proof::Whole,
            Heard::Command(_) | Heard::Silence => false,
        };
        assert!(gates("!testme"));
        // Every tier by its name is what somebody chose, and stays apart.
        for body in ["!testme only=install,upgrade,backup,restore,custom", "!testme base=1.0.0", "!testme --quick"] {
            assert!(!gates(body), "{body}");
        }
    }
}

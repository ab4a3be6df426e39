//! Shows what a token sees of a repository: `look URL TOKEN-FILE OWNER/NAME`.

use cc_ci_forge::{Cursor, Forge, ForgeDialect, RepoName, Token};
use std::error::Error;
use std::io::Write;
use std::path::Path;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [url, token, repo] = args.as_slice() else { return Err("expected URL TOKEN-FILE OWNER/NAME".into()) };
    let forge = Forge::open(url.parse()?, ForgeDialect::Forgejo, Token::read(Path::new(token))?)?;
    let repo: RepoName = repo.parse()?;

    let mut out = std::io::stdout();
    writeln!(out, "version {}, token of `{}`", forge.version().await?, forge.identity().await?.login)?;
    writeln!(out, "{:?}", forge.rights(&repo).await?)?;
    let mut cursor: Cursor = "1970-01-01T00:00:00Z".parse()?;
    loop {
        let found = forge.comments_since(&repo, &cursor).await?;
        for comment in &found.list {
            writeln!(out, "{} {} {:?}: {} bytes", comment.updated, comment.id, comment.author, comment.body.len())?;
        }
        if found.completeness == cc_ci_forge::Completeness::Whole {
            return Ok(());
        }
        cursor = found.cursor;
    }
}

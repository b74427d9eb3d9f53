//! What happens to the client's files after trunk has written them: honest names, then compression.
//!
//! trunk names a file by a hash of what goes *into* wasm-opt. Two versions of wasm-opt thus give two
//! contents one name, and a browser that was told to keep the first for ever mixes them. So every hashed
//! file is named again by a hash of its final bytes, and whatever refers to it is rewritten.
//!
//! Never looks at what the files mean beyond names and `integrity` attributes. Called by `build`.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use sha2::{Digest as _, Sha256, Sha384};
use walkdir::{DirEntry, WalkDir};

use crate::split::LATER;

/// What a first visit may download of the program itself (`.js` and `.wasm`), in bytes of brotli.
pub(crate) const PROGRAM_BUDGET_BYTES: u64 = 350_000;

/// Hexadecimal digits of a hash in a file name; trunk writes as many.
pub(crate) const HASH_DIGITS: usize = 16;

/// What is worth compressing. Pictures and fonts are so already.
const COMPRESSED: [&str; 9] = ["js", "wasm", "css", "html", "svg", "json", "webmanifest", "ico", "txt"];

/// Renames every hashed file in `dist` by its final content and rewrites the references to it,
/// `integrity` attributes included. Doing it twice changes nothing.
pub(crate) fn name_by_content(dist: &Path) -> Result<()> {
    let mut files = files_in(dist)?;
    // A file is hashed after everything that it refers to: the program's glue names the program, a
    // style sheet may name a picture, the page names them all and has no hash itself.
    files.sort_by_key(|file| (rank(file), file.clone()));
    let mut scripts = None;
    for at in 0..files.len() {
        let file = files[at].clone();
        let Some((old_name, hash_at)) = hashed_name(&file) else { continue };
        let digest = if extension(&file) == "js" {
            // Scripts import each other, so none comes before the others: one hash of them all names each.
            scripts.get_or_insert(digest_of_scripts(&files)?).clone()
        } else {
            hex(&Sha256::digest(fs::read(&file)?))
        };
        let mut new_name = old_name.clone();
        new_name.replace_range(hash_at..hash_at + HASH_DIGITS, &digest[..HASH_DIGITS]);
        if new_name == old_name {
            continue;
        }
        let renamed = file.with_file_name(&new_name);
        fs::rename(&file, &renamed)?;
        files[at] = renamed;
        for other in files.iter().filter(|other| is_text(other)) {
            replace_in(other, &old_name, &new_name)?;
        }
    }
    for page in files.iter().filter(|file| extension(file) == "html") {
        let html = fs::read_to_string(page)?;
        fs::write(page, with_fresh_integrity(&html, dist)?)?;
    }
    Ok(())
}

/// A digest over every script that has a hash in its name. The hashes themselves do not count: a second pass
/// is to give the same.
fn digest_of_scripts(files: &[PathBuf]) -> Result<String> {
    let mut own = Vec::new();
    for file in files.iter().filter(|file| extension(file) == "js") {
        if let Some((name, hash_at)) = hashed_name(file) {
            own.push((file, name.clone(), name[hash_at..hash_at + HASH_DIGITS].to_owned()));
        }
    }
    let mut digest = Sha256::new();
    for (file, ..) in &own {
        let mut text = fs::read_to_string(file)?;
        for (_, name, hash) in &own {
            text = text.replace(name, &name.replace(hash, ""));
        }
        digest.update(text);
    }
    Ok(hex(&digest.finalize()))
}

/// What trunk calls the program: its file is this and `_bg.wasm`, its glue this and `.js`.
pub(crate) fn program_name(dist: &Path) -> Option<String> {
    let files = files_in(dist).ok()?;
    files.iter().find_map(|file| Some(name_of(file).strip_suffix("_bg.wasm")?.to_owned()))
}

/// `name.ending` with a hash of `content` in it, as trunk writes it.
pub(crate) fn with_hash(name: &str, content: &[u8]) -> String {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    format!("{stem}-{}.{ending}", &hex(&Sha256::digest(content))[..HASH_DIGITS])
}

/// Writes `.br` and `.gz` beside every file that gains by it.
pub(crate) fn compress(dist: &Path) -> Result<()> {
    for file in files_in(dist)?.iter().filter(|file| COMPRESSED.contains(&extension(file))) {
        let content = fs::read(file)?;
        for (suffix, packed) in [("br", brotli(&content)?), ("gz", gzip(&content)?)] {
            if packed.len() < content.len() {
                fs::write(with_suffix(file, suffix), packed)?;
            }
        }
    }
    Ok(())
}

/// Prints the sizes of the program's parts and fails when the brotli of those that a first visit fetches is over
/// `budget_bytes`.
pub(crate) fn check_budget(dist: &Path, budget_bytes: u64) -> Result<()> {
    let mut total = 0;
    for file in files_in(dist)?.iter().filter(|file| ["js", "wasm"].contains(&extension(file))) {
        let raw = fs::metadata(file)?.len();
        let packed = fs::metadata(with_suffix(file, "br")).map_or(raw, |meta| meta.len());
        if !name_of(file).starts_with(LATER) {
            total += packed;
        }
        eprintln!("  {:<44} {:>8.1} KB  {:>8.1} KB brotli", name_of(file), kb(raw), kb(packed));
    }
    if total == 0 {
        bail!("{} holds no program", dist.display());
    }
    eprintln!(
        "  {:<44} {:>11}  {:>8.1} KB of {:.0}",
        "what a first visit loads",
        "",
        kb(total),
        kb(budget_bytes)
    );
    if total > budget_bytes {
        bail!("the program takes {total} bytes of brotli, and {budget_bytes} are allowed");
    }
    Ok(())
}

fn kb(bytes: u64) -> f64 {
    bytes as f64 / 1000.0
}

/// Every file below `dist` that is not a compressed twin of another.
pub(crate) fn files_in(dist: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    // trunk works in a hidden directory of its own, and an interrupted one is left lying.
    let is_hidden =
        |entry: &DirEntry| entry.depth() > 0 && entry.file_name().as_encoded_bytes().starts_with(b".");
    for entry in WalkDir::new(dist).into_iter().filter_entry(|entry| !is_hidden(entry)) {
        let entry = entry.with_context(|| format!("cannot list {}", dist.display()))?;
        if entry.file_type().is_file() && !["br", "gz"].contains(&extension(entry.path())) {
            files.push(entry.into_path());
        }
    }
    files.sort();
    Ok(files)
}

fn rank(file: &Path) -> u8 {
    match extension(file) {
        "html" => 3,
        // Glue and its snippets: the snippets carry no hash in their names.
        "js" => 2,
        "css" | "webmanifest" | "json" => 1,
        _ => 0,
    }
}

fn is_text(file: &Path) -> bool {
    rank(file) > 0
}

fn extension(file: &Path) -> &str {
    file.extension().and_then(|extension| extension.to_str()).unwrap_or_default()
}

pub(crate) fn name_of(file: &Path) -> String {
    file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    file.with_file_name(format!("{}.{suffix}", name_of(file)))
}

/// The file's name and where in it the hash begins, for names like `app-0123456789abcdef_bg.wasm`.
fn hashed_name(file: &Path) -> Option<(String, usize)> {
    let name = name_of(file);
    let is_hash = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let at = name.match_indices('-').map(|(dash, _)| dash + 1).find(|at| {
        let rest = &name[*at..];
        let ends = rest.as_bytes().get(HASH_DIGITS).is_none_or(|b| matches!(b, b'.' | b'_'));
        rest.get(..HASH_DIGITS).is_some_and(is_hash) && ends
    })?;
    Some((name, at))
}

fn replace_in(file: &Path, old: &str, new: &str) -> Result<()> {
    let text = fs::read_to_string(file).with_context(|| format!("{} is not text", file.display()))?;
    if text.contains(old) {
        fs::write(file, text.replace(old, new))?;
    }
    Ok(())
}

/// Recomputes `integrity="sha384-…"` of every tag whose `href` or `src` is a file of ours.
fn with_fresh_integrity(html: &str, dist: &Path) -> Result<String> {
    let mut out = String::with_capacity(html.len());
    for piece in html.split_inclusive('>') {
        let link = attribute(piece, "href").or_else(|| attribute(piece, "src"));
        let (Some(link), Some(old)) = (link, attribute(piece, "integrity")) else {
            out.push_str(piece);
            continue;
        };
        let file = dist.join(link.trim_start_matches("./").trim_start_matches('/'));
        let content =
            fs::read(&file).with_context(|| format!("the page names {link}, which is not there"))?;
        let fresh = format!("sha384-{}", BASE64.encode(Sha384::digest(content)));
        out.push_str(&piece.replace(old, &fresh));
    }
    Ok(out)
}

/// The value of `name="…"` in the last tag of `piece`.
fn attribute<'a>(piece: &'a str, name: &str) -> Option<&'a str> {
    let tag = &piece[piece.rfind('<')?..];
    let begin = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    let value = &tag[begin..];
    value.find('"').map(|end| &value[..end])
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let written = write!(text, "{byte:02x}");
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
        text
    })
}

fn brotli(content: &[u8]) -> Result<Vec<u8>> {
    let mut writer = brotli::CompressorWriter::new(Vec::new(), 64 * 1024, 11, 22);
    writer.write_all(content)?;
    Ok(writer.into_inner())
}

fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(content)?;
    Ok(writer.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "0123456789abcdef";

    /// What trunk leaves behind, with a program whose bytes are `wasm`.
    fn dist(wasm: &[u8]) -> tempfile::TempDir {
        let dist = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &[u8]| fs::write(dist.path().join(name), content).unwrap();
        write(&format!("app-{HASH}_bg.wasm"), wasm);
        write(&format!("app-{HASH}.js"), format!("fetch('/app-{HASH}_bg.wasm')").as_bytes());
        write("logo.svg", b"<svg/>");
        fs::create_dir(dist.path().join(".stage")).unwrap();
        write(".stage/half.js", b"");
        write(
            "index.html",
            format!(
                "<p>a > b</p><link rel=\"preload\" href=\"/app-{HASH}_bg.wasm\" integrity=\"sha384-old\">\n\
                 <script type=\"module\">import init from '/app-{HASH}.js';</script>\n\
                 <link rel=\"modulepreload\" href=\"/app-{HASH}.js\" crossorigin=\"anonymous\" integrity=\"sha384-old\">"
            )
            .as_bytes(),
        );
        dist
    }

    fn names(dist: &Path) -> Vec<String> {
        files_in(dist).unwrap().iter().map(|file| name_of(file)).collect()
    }

    #[test]
    fn other_bytes_get_another_name_and_every_reference_follows() {
        let (one, two) = (dist(b"one"), dist(b"two"));
        for dist in [&one, &two] {
            name_by_content(dist.path()).unwrap();
        }
        let (names_one, names_two) = (names(one.path()), names(two.path()));
        assert_eq!(names_one.len(), 4, "what trunk is at work on does not count");
        // The glue's name changes as well, because the program's name stands in it.
        assert_ne!(names_one[0], names_two[0]);
        assert_ne!(names_one[1], names_two[1]);
        for (dist, names) in [(&one, &names_one), (&two, &names_two)] {
            let page = fs::read_to_string(dist.path().join("index.html")).unwrap();
            assert!(!page.contains(HASH) && !page.contains("sha384-old"), "{page}");
            assert!(page.contains(&names[0]) && page.contains(&names[1]), "{page}");
            let wasm = names.iter().find(|name| name.ends_with("_bg.wasm")).unwrap();
            let glue = names.iter().find(|name| extension(Path::new(name)) == "js").unwrap();
            assert!(fs::read_to_string(dist.path().join(glue)).unwrap().contains(wasm));
            let digest = BASE64.encode(Sha384::digest(fs::read(dist.path().join(glue)).unwrap()));
            assert!(page.contains(&format!("integrity=\"sha384-{digest}\"")), "{page}");
        }
    }

    #[test]
    fn scripts_that_import_each_other_are_named_together() {
        let names_with = |loader: &str| {
            let dist = dist(b"same");
            let glue = format!("import './loader-{HASH}.js'; fetch('/app-{HASH}_bg.wasm')");
            fs::write(dist.path().join(format!("app-{HASH}.js")), glue).unwrap();
            let loader = format!("import './app-{HASH}.js'; {loader}");
            fs::write(dist.path().join(format!("loader-{HASH}.js")), loader).unwrap();
            name_by_content(dist.path()).unwrap();
            let names = names(dist.path());
            for (one, other) in [("app-", "loader-"), ("loader-", "app-")] {
                let named = |part: &str| {
                    names
                        .iter()
                        .find(|name| name.starts_with(part) && extension(Path::new(name)) == "js")
                        .unwrap()
                };
                let text = fs::read_to_string(dist.path().join(named(one))).unwrap();
                assert!(text.contains(named(other)), "{text}");
            }
            names
        };
        let (one, other) = (names_with("one"), names_with("other"));
        // What one of them holds is seen in both names: a browser never mixes two builds.
        assert_eq!(one.iter().filter(|name| other.contains(name)).count(), 3, "{one:?} {other:?}");
    }

    #[test]
    fn naming_twice_changes_nothing() {
        let dist = dist(b"same");
        name_by_content(dist.path()).unwrap();
        let before = (names(dist.path()), fs::read(dist.path().join("index.html")).unwrap());
        name_by_content(dist.path()).unwrap();
        assert_eq!(before, (names(dist.path()), fs::read(dist.path().join("index.html")).unwrap()));
    }

    #[test]
    fn a_page_that_names_a_missing_file_is_refused() {
        let dist = tempfile::tempdir().unwrap();
        let page = "<link href=\"/gone.js\" integrity=\"sha384-x\">";
        fs::write(dist.path().join("index.html"), page).unwrap();
        assert!(name_by_content(dist.path()).unwrap_err().to_string().contains("/gone.js"));
    }

    #[test]
    fn only_a_whole_hash_is_taken_for_one() {
        let hash_at = |name: &str| hashed_name(Path::new(name)).map(|(_, at)| at);
        assert_eq!(hash_at("client-wasm-0123456789abcdef_bg.wasm"), Some(12));
        assert_eq!(hash_at("style-0123456789abcdef.css"), Some(6));
        for plain in
            ["index.html", "touch-icon.png", "a-0123456789abcde.js", "a-0123456789abcdef0.js", "a-ä.js"]
        {
            assert_eq!(hash_at(plain), None, "{plain}");
        }
    }

    #[test]
    fn the_budget_counts_what_travels() {
        let dist = dist(&vec![0; 100_000]);
        compress(dist.path()).unwrap();
        assert!(dist.path().join(format!("app-{HASH}_bg.wasm.br")).exists());
        assert!(dist.path().join(format!("app-{HASH}_bg.wasm.gz")).exists());
        check_budget(dist.path(), 1_000).unwrap();
        assert!(check_budget(dist.path(), 20).unwrap_err().to_string().contains("20 are allowed"));
        // What is fetched later does not count.
        let random: Vec<u8> =
            (0..100_000_u32).flat_map(|n| Sha256::digest(n.to_be_bytes())).take(50_000).collect();
        fs::write(dist.path().join(format!("{LATER}desk-{HASH}.wasm")), random).unwrap();
        check_budget(dist.path(), 1_000).unwrap();
    }

    #[test]
    fn compressed_twins_hold_the_same_content() {
        let dist = dist(b"x");
        compress(dist.path()).unwrap();
        let page = fs::read(dist.path().join("index.html")).unwrap();
        let mut unpacked = Vec::new();
        let packed = fs::read(dist.path().join("index.html.br")).unwrap();
        std::io::Read::read_to_end(&mut brotli::Decompressor::new(&packed[..], 4096), &mut unpacked).unwrap();
        assert_eq!(unpacked, page);
        // Nothing is gained on a file this small, so nothing stands beside it.
        assert!(!dist.path().join("logo.svg.gz").exists());
    }
}

//! The files of templates.

use std::fs;
use std::path::{Path, PathBuf};

use super::limit::TEMPLATE_DEPTH;

/// The directory of templates, beside the tools file.
pub(super) const TEMPLATES: &str = "templates";

/// The file of a template.
pub(super) struct TemplateFile {
    /// Its name below `templates/`.
    pub(super) name: String,
    pub(super) path: PathBuf,
}

/// The `.tera` files in `templates/` beside the tools file. `directory` is that of the tools file.
pub(super) fn template_files(directory: &Path) -> Vec<TemplateFile> {
    let mut files = Vec::new();
    find(&directory.join(TEMPLATES), "", TEMPLATE_DEPTH, &mut files);
    files
}

/// Finds the `.tera` files below a directory. Their names start with `prefix`.
fn find(directory: &Path, prefix: &str, depth: usize, files: &mut Vec<TemplateFile>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        // Backup files of editors and metadata of macOS.
        if name.starts_with('.') {
            continue;
        }
        let name = format!("{prefix}{name}");
        let path = entry.path();
        if path.is_dir() {
            if depth > 0 {
                find(&path, &format!("{name}/"), depth - 1, files);
            }
        } else if name.ends_with(".tera") {
            files.push(TemplateFile { name, path });
        }
    }
}

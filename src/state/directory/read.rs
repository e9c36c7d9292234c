//! Reads grades from rows of `grades.sqlite`.

use lti::{GradePlace, GradePlaceParts, Progress, Score, Sender};
use rusqlite::Row;
use rusqlite::types::Type;

use crate::clock::Millis;
use crate::state::grade::{Action, FinishedGrade, Grade, QueuedGrade, Status};

/// The columns of a queued grade in the table `kept`.
pub(super) const QUEUED_COLUMNS: &str = "sequence, id, slot, tool, sender, url, host, sourcedid, \
    method, link, score, comment, CASE WHEN delivered THEN 'delivered' ELSE 'kept' END AS status, \
    accepted, accepted_running, progress, timestamp, arrived, tries, \
    next_try, words, person";
/// The columns of a finished grade in the table `finished`.
pub(super) const FINISHED_COLUMNS: &str =
    "sequence, id, slot, tool, sender, host, deletes, status, accepted, tries, words, finished";

/// Reads a queued grade from the columns of [`QUEUED_COLUMNS`].
pub(super) fn read_queued(row: &Row<'_>) -> rusqlite::Result<QueuedGrade> {
    let score: Option<String> = row.get("score")?;
    let progress: String = row.get("progress")?;
    let action = match (score, &*progress) {
        (None, "") => Action::Delete,
        (score, progress) => Action::Replace {
            score: score
                .map(|score| Score::parse(&score).map_err(|_| invalid(row, "score")))
                .transpose()?,
            comment: row.get("comment")?,
            progress: match progress {
                "" => None,
                progress => {
                    Some(Progress::parse(progress).ok_or_else(|| invalid(row, "progress"))?)
                }
            },
        },
    };
    Ok(QueuedGrade {
        id: row.get("id")?,
        sequence: row.get("sequence")?,
        grade: Grade {
            slot: row.get("slot")?,
            tool: row.get("tool")?,
            sender: read_sender(row)?,
            host: row.get("host")?,
            place: GradePlace::of_parts(GradePlaceParts {
                url: row.get("url")?,
                learner: row.get("sourcedid")?,
                protocol: row.get("method")?,
                link: row.get("link")?,
            })
            .ok_or_else(|| invalid(row, "method"))?,
            person: row.get("person")?,
            action,
        },
        status: read_status(row)?,
        accepted: Millis::new(row.get("accepted")?),
        accepted_running: row.get("accepted_running")?,
        timestamp: row.get::<_, Option<u64>>("timestamp")?.map(Millis::new),
        arrived: row.get("arrived")?,
        tries: row.get("tries")?,
        next_try: row.get("next_try")?,
        message: row.get("words")?,
    })
}

/// Reads a finished grade from the columns of [`FINISHED_COLUMNS`].
pub(super) fn read_finished(row: &Row<'_>) -> rusqlite::Result<FinishedGrade> {
    Ok(FinishedGrade {
        id: row.get("id")?,
        sequence: row.get("sequence")?,
        slot: row.get("slot")?,
        tool: row.get("tool")?,
        sender: read_sender(row)?,
        host: row.get("host")?,
        deletes: row.get("deletes")?,
        status: read_status(row)?,
        accepted: Millis::new(row.get("accepted")?),
        tries: row.get("tries")?,
        message: row.get("words")?,
        finished: row.get("finished")?,
    })
}

/// Reads the status of a grade.
pub(super) fn read_status(row: &Row<'_>) -> rusqlite::Result<Status> {
    read_name(row, "status", Status::named)
}

fn read_sender(row: &Row<'_>) -> rusqlite::Result<Sender> {
    Ok(Sender::decode(&row.get::<_, String>("sender")?))
}

/// Reads a named value.
fn read_name<T>(
    row: &Row<'_>,
    column: &str,
    named: impl Fn(&str) -> Option<T>,
) -> rusqlite::Result<T> {
    let name: String = row.get(column)?;
    named(&name).ok_or_else(|| invalid(row, column))
}

/// The error for a column with an invalid value. It does not contain the value, which may be
/// personal.
fn invalid(row: &Row<'_>, column: &str) -> rusqlite::Error {
    let index = row.as_ref().column_index(column).unwrap_or_default();
    rusqlite::Error::FromSqlConversionFailure(index, Type::Text, format!("invalid {column}").into())
}

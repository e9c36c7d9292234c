//! `GET /dev/gradebook`: the gradebook of the practice platform.

use std::collections::BTreeSet;

use rocket::get;
use serde::Serialize;

use super::refusals::time_of_day;
use crate::clock::rfc3339;
use crate::practice::{CourseGrade, Exchange, Gradebook, GradebookSlot, PERSONS, Person};
use crate::web::gateway::Gateway;
use crate::web::page::{self, Html};
use crate::web::refusal::Refusal;

#[derive(Serialize)]
struct GradebookContext {
    /// The units that have a grade.
    units: Vec<UnitContext>,
    /// The users that have a grade.
    persons: Vec<GradedPersonContext>,
    newest: Option<NewestGradeContext>,
    messages: Vec<MessageContext>,
}

#[derive(Serialize)]
struct UnitContext {
    tool: String,
    block: String,
}

#[derive(Serialize)]
struct GradedPersonContext {
    title: &'static str,
    /// A grade or none for each unit, in the same order.
    grades: Vec<Option<PracticeGradeContext>>,
}

#[derive(Serialize)]
struct PracticeGradeContext {
    score: String,
    comment: String,
    time: String,
    clock: String,
}

#[derive(Serialize)]
struct NewestGradeContext {
    person: &'static str,
    tool: String,
    block: String,
    score: String,
}

#[derive(Serialize)]
struct MessageContext {
    time: String,
    clock: String,
    #[serde(flatten)]
    message: Exchange,
}

impl From<&CourseGrade> for PracticeGradeContext {
    fn from(grade: &CourseGrade) -> Self {
        let time = rfc3339(grade.at);
        Self {
            score: grade.score.as_str().to_owned(),
            comment: grade.comment.clone(),
            clock: time_of_day(&time).to_owned(),
            time,
        }
    }
}

impl From<&Exchange> for MessageContext {
    fn from(message: &Exchange) -> Self {
        let time = rfc3339(message.at);
        Self { clock: time_of_day(&time).to_owned(), time, message: message.clone() }
    }
}

impl GradebookContext {
    /// `title` returns the title of a tool.
    fn new(gradebook: &Gradebook, title: impl Fn(&str) -> String) -> Self {
        let slots = gradebook.grades().map(|(slot, _)| (slot.tool.as_str(), slot.block.as_str()));
        let units: BTreeSet<(&str, &str)> = slots.collect();
        let grade = |person: &'static str, (tool, block): &(&str, &str)| {
            let (tool, block) = ((*tool).to_owned(), (*block).to_owned());
            gradebook.grade(&GradebookSlot { tool, block, person }).map(Into::into)
        };
        let persons = PERSONS.iter().map(|person| GradedPersonContext {
            title: person.title,
            grades: units.iter().map(|unit| grade(person.id, unit)).collect(),
        });
        let newest = gradebook.grades().next().map(|(slot, grade)| NewestGradeContext {
            person: Person::of(slot.person).title,
            tool: title(&slot.tool),
            block: slot.block.clone(),
            score: grade.score.as_str().to_owned(),
        });
        Self {
            persons: persons.filter(|person| person.grades.iter().any(Option::is_some)).collect(),
            units: units
                .iter()
                .map(|(tool, block)| UnitContext { tool: title(tool), block: (*block).to_owned() })
                .collect(),
            newest,
            messages: gradebook.messages().map(MessageContext::from).collect(),
        }
    }
}

/// The grades of the practice course, and the requests to its outcome services.
#[get("/dev/gradebook")]
pub(super) fn gradebook(gateway: &Gateway) -> Result<Html, Refusal> {
    let development = gateway.development.as_ref().ok_or(Refusal::NoTool)?;
    let title = |name: &str| {
        let tool = gateway.routes.tools().find(|tool| tool.name == name);
        tool.map_or(name, |tool| &tool.title).to_owned()
    };
    let context = GradebookContext::new(&development.gradebook(), title);
    page::render("dev_gradebook.html.tera", &context).map(Html::unframed).ok_or(Refusal::PageFailed)
}

//! An exercise behind lti-gateway: add two numbers, and the course has the grade.
//!
//! This program contains no LTI code, and works by every version of LTI. The gateway sends the
//! user's identity in headers (docs/upstreams.md) and accepts a grade with one HTTP call
//! (docs/grades.md).
//!
//! The program trusts these headers. Therefore it listens on loopback, where only the gateway can
//! reach it.

mod page;
mod visitor;

use std::collections::HashMap;
use std::env;
use std::error::Error;
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Form, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, Redirect};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;
use ureq::Agent;

use visitor::Visitor;

/// The most exercises in memory, some kilobytes each. At this limit, the program forgets all of
/// them, and every user gets a new question.
const MOST: usize = 10_000;

/// The largest number in a question, and that of a launch which names none.
const LARGEST: i64 = 1000;
const USUAL: i64 = 50;

/// One user's question at one resource link.
struct Exercise {
    user: String,
    /// The largest number in its questions.
    up_to: i64,
    /// Identifies the question. A form that is sent twice, or belongs to an older question, has no
    /// effect.
    id: u32,
    left: i64,
    right: i64,
    /// The last answer: whether it was right, and the message about it and its grade.
    last: Option<(bool, String)>,
}

/// The link that an instructor picked: `tools.toml` has its path.
#[derive(Deserialize)]
struct PickedLink {
    up_to: Option<i64>,
}

#[derive(Deserialize)]
struct Answer {
    id: u32,
    sum: i64,
}

struct Adder {
    exercises: Mutex<HashMap<String, Exercise>>,
    agent: Agent,
    grades: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let gateway = env::var("LTI_GATEWAY").unwrap_or_else(|_| "http://127.0.0.1:5000".to_owned());
    let address = env::var("ADDRESS").unwrap_or_else(|_| "127.0.0.1:9000".to_owned());
    // The gateway waits 25 seconds for a page of this program. The timeout of a grade is shorter.
    let agent = Agent::config_builder().proxy(None).http_status_as_error(false);
    let agent = agent.timeout_global(Some(Duration::from_secs(20))).build().into();
    let adder = Adder { exercises: Mutex::default(), agent, grades: format!("{gateway}/grades") };
    let routes = Router::new()
        .route("/", get(show))
        .route("/answer", post(answer))
        .route("/staff", get(staff))
        .layer(DefaultBodyLimit::max(1024))
        .with_state(Arc::new(adder));
    let listener = TcpListener::bind(address).await?;
    // Without a reader of standard output, the app still runs.
    let _ = writeln!(io::stdout(), "adder: http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, routes).await?)
}

/// Shows the exercise. The first page after the launch decides how difficult it is: its path is the
/// link's. Later pages cannot make it easier.
async fn show(
    State(adder): State<Arc<Adder>>,
    visitor: Visitor,
    Query(link): Query<PickedLink>,
) -> Html<String> {
    let mut exercises = adder.exercises();
    if exercises.len() >= MOST && !exercises.contains_key(&visitor.place) {
        exercises.clear();
    }
    let up_to = link.up_to.unwrap_or(USUAL).clamp(1, LARGEST);
    let exercise = exercises.entry(visitor.place);
    let exercise = exercise.or_insert_with(|| Exercise::new(visitor.user, up_to));
    page::exercise(exercise, visitor.is_staff)
}

/// Judges an answer and sends its grade. The response is a redirect, so that a reload does not send
/// the form again.
async fn answer(
    State(adder): State<Arc<Adder>>,
    visitor: Visitor,
    Form(answer): Form<Answer>,
) -> Redirect {
    let judged =
        adder.exercises().get_mut(&visitor.place).and_then(|exercise| exercise.judge(&answer));
    if let Some((is_right, judgment)) = judged {
        let score = if is_right { "1.0" } else { "0.0" };
        let sender = Arc::clone(&adder);
        let sent = spawn_blocking(move || sender.send_grade(visitor.grade_token, score)).await;
        let result = sent.unwrap_or_else(|error| error.to_string());
        if let Some(exercise) = adder.exercises().get_mut(&visitor.place) {
            exercise.last = Some((is_right, format!("{judgment} {result}")));
        }
    }
    Redirect::to("./")
}

/// All users of the same course as this visitor: with the same consumer key, or from the same
/// platform.
async fn staff(
    State(adder): State<Arc<Adder>>,
    visitor: Visitor,
) -> Result<Html<String>, StatusCode> {
    if !visitor.is_staff {
        return Err(StatusCode::FORBIDDEN);
    }
    let exercises = adder.exercises();
    let visible = exercises.values().filter(|exercise| visitor.shares_sender_with(&exercise.user));
    Ok(page::staff(visible))
}

impl Exercise {
    fn new(user: String, up_to: i64) -> Self {
        let (left, right) = (rand::random_range(1..=up_to), rand::random_range(1..=up_to));
        Self { user, up_to, id: rand::random(), left, right, last: None }
    }

    /// Whether an answer is right, and a sentence about it. `None` if it belongs to another
    /// question. After a right answer, the exercise has a new question.
    fn judge(&mut self, answer: &Answer) -> Option<(bool, String)> {
        let Self { id, left, right, .. } = *self;
        let is_right = answer.sum == left + right;
        if answer.id != id {
            return None;
        }
        if is_right {
            *self = Self::new(std::mem::take(&mut self.user), self.up_to);
        }
        Some((
            is_right,
            format!("{left} + {right} {} {}.", if is_right { "is" } else { "is not" }, answer.sum),
        ))
    }
}

impl Adder {
    fn exercises(&self) -> MutexGuard<'_, HashMap<String, Exercise>> {
        self.exercises.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a grade. Returns a sentence about the result.
    fn send_grade(&self, token: Option<String>, score: &str) -> String {
        let Some(token) = token else { return "Your course accepts no grade here.".to_owned() };
        let request =
            self.agent.post(&self.grades).header("Authorization", format!("Bearer {token}"));
        let reply = request.send_json(json!({ "score": score }));
        let Ok(mut reply) = reply else {
            return "The grade may be lost: the gateway did not respond.".to_owned();
        };
        let response: Value = reply.body_mut().read_json().unwrap_or_default();
        match (
            reply.status(),
            response["platform"]["description"].as_str(),
            response["message"].as_str(),
        ) {
            (StatusCode::OK, ..) => "Your course has the grade.".to_owned(),
            (StatusCode::ACCEPTED, ..) => {
                "Your course cannot accept the grade yet. The gateway will retry.".to_owned()
            }
            (_, Some(description), _) if !description.is_empty() => {
                format!("Your course refused the grade: {description:.300}")
            }
            (_, _, Some(message)) => format!("The grade is lost: {message:.300}"),
            (status, ..) => format!("The grade is lost: {status}"),
        }
    }
}

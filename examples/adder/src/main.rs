//! An exercise behind lti-gateway: add two numbers, and the course has the grade.
//!
//! The gateway says in headers who is there (docs/upstreams.md) and takes grades by one HTTP call (docs/grades.md), so
//! that nothing of LTI is left to do here. Whoever reaches this program can write any header: it listens on
//! loopback, where nobody but the gateway is meant to come from.

mod page;
mod visitor;

use std::collections::HashMap;
use std::env;
use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Form, State};
use axum::http::StatusCode;
use axum::response::{Html, Redirect};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;
use ureq::Agent;

use visitor::Visitor;

/// The most exercises that are remembered, some kilobytes each. When there are more, everybody gets a new question.
const MOST: usize = 10_000;

/// One person's question at one place in a course.
struct Exercise {
    person: String,
    /// So that a form that is sent twice, or lay open since the question before, answers nothing.
    id: u32,
    left: i64,
    right: i64,
    /// Whether the last answer was right, and what came of it.
    last: Option<(bool, String)>,
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
    // The gateway waits for this program's pages for 25 seconds, so they wait less than that for the gateway.
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
    println!("adder: http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, routes).await?)
}

async fn show(State(adder): State<Arc<Adder>>, visitor: Visitor) -> Html<String> {
    let mut exercises = adder.exercises();
    if exercises.len() >= MOST && !exercises.contains_key(&visitor.place) {
        exercises.clear();
    }
    let exercise = exercises.entry(visitor.place).or_insert_with(|| Exercise::new(visitor.person));
    page::exercise(exercise, visitor.is_staff)
}

/// The answer to an answer is a redirect, so that a reload sends nothing again.
async fn answer(
    State(adder): State<Arc<Adder>>,
    visitor: Visitor,
    Form(answer): Form<Answer>,
) -> Redirect {
    let judged =
        adder.exercises().get_mut(&visitor.place).and_then(|exercise| exercise.judge(&answer));
    if let Some((is_right, words)) = judged {
        let score = if is_right { "1.0" } else { "0.0" };
        let sender = Arc::clone(&adder);
        let sent = spawn_blocking(move || sender.send_grade(visitor.grade_token, score)).await;
        let fate = sent.unwrap_or_else(|error| error.to_string());
        if let Some(exercise) = adder.exercises().get_mut(&visitor.place) {
            exercise.last = Some((is_right, format!("{words} {fate}")));
        }
    }
    Redirect::to("./")
}

/// Everybody who launched with the consumer key of whoever asks.
async fn staff(
    State(adder): State<Arc<Adder>>,
    visitor: Visitor,
) -> Result<Html<String>, StatusCode> {
    if !visitor.is_staff {
        return Err(StatusCode::FORBIDDEN);
    }
    let exercises = adder.exercises();
    let near = exercises.values().filter(|exercise| visitor.shares_consumer_with(&exercise.person));
    Ok(page::staff(near))
}

impl Exercise {
    fn new(person: String) -> Self {
        let (left, right) = (rand::random_range(1..=50), rand::random_range(1..=50));
        Self { person, id: rand::random(), left, right, last: None }
    }

    /// Whether an answer is right, and in words; None if it belongs to another question. A right one brings a new question.
    fn judge(&mut self, answer: &Answer) -> Option<(bool, String)> {
        let Self { id, left, right, .. } = *self;
        let is_right = answer.sum == left + right;
        if answer.id != id {
            return None;
        }
        if is_right {
            *self = Self::new(std::mem::take(&mut self.person));
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

    /// Sends a grade, and says what came of it.
    fn send_grade(&self, token: Option<String>, score: &str) -> String {
        let Some(token) = token else { return "Your course takes no grade here.".to_owned() };
        let request =
            self.agent.post(&self.grades).header("Authorization", format!("Bearer {token}"));
        let reply = request.send_json(json!({ "score": score }));
        let Ok(mut reply) = reply else {
            return "The grade may be lost: there is no answer.".to_owned();
        };
        let said: Value = reply.body_mut().read_json().unwrap_or_default();
        match (reply.status(), said["platform"]["description"].as_str(), said["message"].as_str()) {
            (StatusCode::OK, ..) => "Your course has the grade.".to_owned(),
            (StatusCode::ACCEPTED, ..) => {
                "Your course gets the grade as soon as it can take it.".to_owned()
            }
            (_, Some(words), _) if !words.is_empty() => {
                format!("Your course refused the grade: {words:.300}")
            }
            (_, _, Some(message)) => format!("The grade is lost: {message:.300}"),
            (status, ..) => format!("The grade is lost: {status}"),
        }
    }
}

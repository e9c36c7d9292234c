# Sinatra with sessions and Rack::Protection, on Puma: a form on its front page, a download and a
# link to a new window. `ruby sinatra_app.rb <port>`
require "securerandom"
require "sinatra/base"

class Notes < Sinatra::Base
  set :port, Integer(ARGV[0])
  set :bind, "127.0.0.1"
  set :server, "puma"
  set :environment, :production
  enable :sessions
  set :session_secret, SecureRandom.hex(64)

  before do
    session[:user] ||= request.env["HTTP_X_FORWARDED_USER"]
    session[:notes] ||= []
  end

  get("/up") { "up" }
  get("/style.css") { content_type :css; "h1 { color: rgb(0, 0, 128) }" }
  get("/") { erb :index }
  post "/" do
    session[:notes] += [params[:note]]
    redirect to("/")
  end
  get("/notes.txt") { content_type :text; ["Notes:", *session[:notes]].join("\n") }
  get("/about") { "<h1>About #{session[:user]}</h1>" }

  template :index do
    <<~PAGE
      <!doctype html><html lang="en"><head><title>Notes</title><link rel="icon" href="data:,">
      <link rel="stylesheet" href="<%= url("/style.css") %>"></head>
      <body><h1>Notes of <%= session[:user] %></h1>
      <ul><% session[:notes].each do |note| %><li><%= note %></li><% end %></ul>
      <form method="post" action="/"><input name="note" aria-label="Note"><button>Add</button></form>
      <a href="<%= url("/") %>">Again</a> <a href="/notes.txt" download>Download</a>
      <a href="/about" target="_blank">About</a></body></html>
    PAGE
  end
end

Notes.run!

# Rails in one file: a form with Rails' CSRF check, sessions in a cookie, a download and a link to a
# new window. `puma -b tcp://127.0.0.1:<port> rails_app.ru`
require "action_controller/railtie"
require "securerandom"

class NotesApp < Rails::Application
  config.root = Dir.pwd
  config.eager_load = true
  config.consider_all_requests_local = true
  config.secret_key_base = SecureRandom.hex(64)
  config.session_store :cookie_store, key: "_notes"
  config.hosts.clear
  config.logger = Logger.new($stdout)
  config.log_level = :warn
  config.load_defaults 6.1
  config.action_controller.forgery_protection_origin_check = ENV["ORIGIN_CHECK"] != "off"
  routes.append do
    root to: "notes#index"
    post "/", to: "notes#add", as: :add
    get "/style.css", to: "notes#style", as: :style
    get "/notes.txt", to: "notes#download", as: :download
    get "/about", to: "notes#about", as: :about
    get "/up", to: "notes#up"
  end
end

NotesApp.initialize!

class NotesController < ActionController::Base
  protect_from_forgery with: :exception
  before_action { session[:user] ||= request.headers["X-Forwarded-User"] }

  PAGE = <<~ERB
    <!doctype html><html lang="en"><head><title>Notes</title><link rel="icon" href="data:,">
    <link rel="stylesheet" href="<%= style_path %>"></head>
    <body><h1>Notes of <%= session[:user] %></h1>
    <ul><% @notes.each do |note| %><li><%= note %></li><% end %></ul>
    <%= form_with url: add_path, local: true do %><input name="note" aria-label="Note"><button>Add</button><% end %>
    <%= link_to "Again", root_url %> <%= link_to "Download", download_path, download: true %>
    <%= link_to "About", about_path, target: "_blank" %></body></html>
  ERB

  def index
    @notes = session[:notes] || []
    render(inline: PAGE)
  end

  def style = render(plain: "h1 { color: rgb(0, 0, 128) }", content_type: "text/css")
  def download = render(plain: ["Notes:", *session[:notes]].join("\n"))
  def about = render(html: "<h1>About #{ERB::Util.h(session[:user])}</h1>".html_safe)
  def up = render(plain: "up")

  def add
    session[:notes] = (session[:notes] || []) + [params[:note]]
    redirect_to root_url, status: :see_other
  end
end

run NotesApp

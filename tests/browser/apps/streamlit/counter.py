"""Shows the user, and uses Streamlit's WebSocket (clicks and text) and its uploads (files)."""

import streamlit as st

headers = st.context.headers

st.title("Counter")
st.markdown(
    f"You are `{headers.get('X-Forwarded-User')}`, as `{headers.get('X-Forwarded-Groups')}`."
)

st.session_state.setdefault("count", 0)
if st.button("Count"):
    st.session_state["count"] += 1
st.text(f"Counted to {st.session_state['count']}.")

name = st.text_input("Name")
if name:
    st.text(f"Hello, {name}!")

file = st.file_uploader("File")
if file:
    st.text(f"{file.name} has {len(file.getvalue())} bytes.")

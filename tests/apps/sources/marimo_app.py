import marimo

app = marimo.App()


@app.cell
def _():
    import marimo as mo

    return (mo,)


@app.cell
def _(mo):
    mo.md("# marimo app")
    return


@app.cell
def _(mo):
    count = mo.ui.button(label="Count", value=0, on_click=lambda value: value + 1)
    count
    return (count,)


@app.cell
def _(count, mo):
    mo.md(f"Counted to {count.value}")
    return


@app.cell
def _(mo):
    mo.download(b"some notes" * 100_000, filename="notes.txt", label="Download")
    return


if __name__ == "__main__":
    app.run()

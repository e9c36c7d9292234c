export default function Second() {
  return <h1>This is second</h1>;
}

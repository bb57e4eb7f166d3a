/** What Vite resolves at build time, as this folder uses it. */
declare module '*.css?inline' {
  const text: string;
  export default text;
}

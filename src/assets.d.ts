/** What Vite resolves at build time: the URL of a file served as it is. */
declare module '*?url' {
  const url: string;
  export default url;
}

/** The same of a worker's or a worklet's script, bundled. */
declare module '*?worker&url' {
  const url: string;
  export default url;
}

declare module '*.css' {}

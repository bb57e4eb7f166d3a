/** What Vite resolves at build time: the URL of a file served as it is. */
declare module '*?url' {
  const url: string;
  export default url;
}

declare module '*.css' {}

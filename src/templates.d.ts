declare module '*.hbs' {
  const template: (view: object) => string;
  export default template;
}

declare module 'templates:*' {
  const files: Readonly<Record<string, string>>;
  export default files;
}

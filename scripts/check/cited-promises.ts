/** The ids of the promises in the protocol page's table, in its order. */
export function promisesOf(protocolPage: string): readonly string[] {
  return [...protocolPage.matchAll(/^\| (P\d+) \|/gm)].map(([, id = '']) => id);
}

/** The titles of a test file's tests and suites, those of tables (`test.each([…])('…')`) included. */
export function titlesOf(testFile: string): readonly string[] {
  const titles = /(?:\b(?:test|it|describe)(?:\.\w+)*\(|[\])]\)\()\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/g;
  return [...testFile.matchAll(titles)].map(([, , title = '']) => title);
}

/** The promises that no title cites. */
export function uncited(promises: readonly string[], titles: readonly string[]): readonly string[] {
  return promises.filter((id) => !titles.some((title) => new RegExp(`\\b${id}\\b`).test(title)));
}

/** The tests that a page cites: links whose text is a test's title, or its beginning, to the file that the test is in. */
export function citationsOf(page: string): readonly { readonly title: string; readonly file: string }[] {
  return [...page.matchAll(/\[([^\]]+)\]\(([^)\s]+\.test\.ts)\)/g)].map(([, title = '', file = '']) => ({
    title,
    file,
  }));
}

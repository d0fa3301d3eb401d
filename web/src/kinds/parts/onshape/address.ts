const PATH = /^\/documents\/[0-9a-z]+\/[wv]\/[0-9a-z]+\/e\/[0-9a-z]+\/?$/i;

/** Why no drawing can be fetched from this address; null when the server would try. */
export function addressProblem(text: string): string | null {
  let url: URL;
  try {
    url = new URL(text.trim());
  } catch {
    return "This is no address. Copy it from the browser, with the drawing open in Onshape.";
  }
  if (url.protocol !== "https:" || !url.hostname.endsWith(".onshape.com") || url.port || url.username || url.password) {
    return "This is no address of Onshape. It begins with https://cad.onshape.com/.";
  }
  if (!PATH.test(url.pathname)) {
    return "This names no tab of a document. Open the drawing's tab in Onshape, and copy the whole address: …/documents/…/w/…/e/…";
  }
  return null;
}

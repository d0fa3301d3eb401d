import type { DocumentFile, DocumentVersion } from "../../api/types";
import type { Row } from "./rows";

/** What the page asks the person about. One at a time. */
export type Ask =
  | { name: "new-folder" }
  | { name: "move"; rows: Row[] }
  | { name: "remove-folder"; row: Row }
  | { name: "lock"; file: DocumentFile }
  | { name: "force-unlock"; file: DocumentFile }
  | { name: "version"; file: DocumentFile; submit: boolean }
  | { name: "describe"; file: DocumentFile }
  | { name: "destroy"; file: DocumentFile }
  | { name: "decide"; file: DocumentFile; version: DocumentVersion; approve: boolean }
  | { name: "submit-again"; file: DocumentFile; version: DocumentVersion };

import { FileInput, Textarea } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconFileTypeCsv } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Problem } from "../../../api/problem";
import { FormDialog } from "../../../overlays/FormDialog";
import { Refusal } from "../../../ui/Refusal";
import { importCsv } from "../requests";
import type { ImportProblem } from "../types";
import classes from "./dialogs.module.css";

const EXAMPLE = "part_number,name,type,material,amount,subsystem\nFR-001,Bracket,cnc,Aluminium 6061,4,Drive";
const MOST_BYTES = 2_000_000;

function problemsOf(error: unknown): ImportProblem[] {
  const details = error instanceof Problem ? (error.details as { problems?: ImportProblem[] } | null) : null;
  return details?.problems ?? [];
}

/** Parts from a table. The server tries it first: either all lines are added, or none. */
export default function ImportDialog({ project }: { project: string }) {
  const [file, setFile] = useState<File | null>(null);
  const [text, setText] = useState("");
  const [settled] = useDebouncedValue(text, 400);
  const trial = useQuery({
    queryKey: ["parts-import", project, settled],
    queryFn: () => importCsv(project, settled, true),
    enabled: settled.trim() !== "",
    gcTime: 0,
    retry: false,
  });
  const problems = problemsOf(trial.error);
  const added = trial.data?.added ?? 0;
  const choose = async (next: File | null): Promise<void> => {
    setFile(next);
    if (next && next.size <= MOST_BYTES) setText(await next.text());
  };
  let blocked: string | null = null;
  if (file && file.size > MOST_BYTES) blocked = "The file has more than 2 MB.";
  else if (!text.trim()) blocked = "Choose a file, or paste the lines.";
  else if (trial.isFetching || settled !== text) blocked = "Checking…";
  else if (problems.length) blocked = `${problems.length} ${problems.length === 1 ? "thing is" : "things are"} wrong with the lines.`;
  else if (trial.error) blocked = "It cannot be read.";
  else if (added === 0) blocked = "There is no part in it.";
  return (
    <FormDialog
      title="Add parts from a CSV file"
      submit={blocked ? "Add the parts" : `Add ${added} ${added === 1 ? "part" : "parts"}`}
      blocked={blocked}
      onSubmit={async () => {
        const answer = await importCsv(project, text, false);
        return `Added ${answer.added} ${answer.added === 1 ? "part" : "parts"}`;
      }}
    >
      <FileInput
        label="CSV file"
        placeholder="Choose a file"
        leftSection={<IconFileTypeCsv size={16} aria-hidden />}
        accept=".csv,text/csv"
        data-autofocus
        clearable
        clearButtonProps={{ "aria-label": "Another file" }}
        value={file}
        onChange={(next) => void choose(next)}
      />
      <Textarea
        label="Its lines"
        description="The first line names the columns: those of the export."
        placeholder={EXAMPLE}
        value={text}
        autosize
        minRows={4}
        maxRows={10}
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 12.5 } }}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      {problems.length > 0 && (
        <ol className={classes.problems} aria-label="What is wrong with the lines">
          {problems.slice(0, 100).map((problem) => (
            <li key={`${problem.line} ${problem.field} ${problem.message}`}>
              Line {problem.line}
              {problem.field && `, ${problem.field}`}: {problem.message}
            </li>
          ))}
        </ol>
      )}
      {problems.length === 0 && <Refusal error={trial.error} />}
    </FormDialog>
  );
}

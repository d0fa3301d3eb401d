import { Select, Textarea } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { FormDialog } from "../../../overlays/FormDialog";
import { partQuery } from "../queries";
import { rework } from "../requests";
import type { Part } from "../types";
import { Subject } from "./Subject";

export default function ReworkDialog({ part }: { part: Part }) {
  const { data } = useQuery(partQuery(part.id));
  const steps = (data?.steps ?? []).filter((step) => step.state === "done");
  const [step, setStep] = useState<string | null>(null);
  const [reason, setReason] = useState("");
  return (
    <FormDialog
      title="Send back for rework"
      submit="Send back"
      blocked={reason.trim() ? null : "Say what is wrong with it."}
      onSubmit={async () => {
        await rework(part, reason.trim(), step === null ? null : Number(step));
        return "It is back on its board, marked for rework";
      }}
    >
      <Subject part={part} />
      <Textarea
        label="What is wrong"
        placeholder="The bore is 0.2 mm too wide"
        data-autofocus
        required
        value={reason}
        maxLength={500}
        autosize
        minRows={2}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      {steps.length > 1 && (
        <Select
          label="Back to the step"
          placeholder={steps.at(-1)!.process}
          data={steps.map((one) => ({ value: String(one.id), label: `${one.position}. ${one.process}` }))}
          value={step}
          onChange={setStep}
          clearable
        />
      )}
    </FormDialog>
  );
}

import { Button, NumberInput, Select, Switch, TagsInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ListState } from "../../../ui/ListState";
import { Refusal } from "../../../ui/Refusal";
import { say } from "../../../ui/toast";
import { manages } from "../actions/context";
import { usePartContext } from "../context";
import { OnshapeAccount } from "../onshape/OnshapeAccount";
import { useOnshapeReturn } from "../onshape/useReturn";
import { shopQuery } from "../queries";
import { saveSettings } from "../requests";
import type { LastStep, ShopSettings } from "../types";
import { MaterialsList } from "./MaterialsList";
import { ResourcesList } from "./ResourcesList";
import { ShopHead } from "./ShopHead";
import classes from "./ShopSettings.module.css";
import { useProject } from "./useProject";

/** What a project wants of its shop: rules, reasons, machines and vendors, material on hand. */
export default function ShopSettingsPage() {
  const { project } = useProject();
  const query = useQuery(shopQuery(project));
  const context = usePartContext(project);
  const rules = manages(context);
  useOnshapeReturn();
  const writes = context.isAdmin || (query.data?.role ?? "viewer") !== "viewer";
  return (
    <div>
      <ShopHead title="Settings" />
      {query.data ? (
        <div className={classes.page}>
          <OnshapeAccount project={project} className={`panel ${classes.panel}`} />
          {!rules && <p className={classes.note}>Who runs the project changes these. You may look.</p>}
          <Rules key={query.data.project} project={project} settings={query.data} rules={rules} />
          <ResourcesList project={project} rules={rules} />
          <MaterialsList project={project} rules={rules} writes={writes} />
        </div>
      ) : (
        <ListState query={query} />
      )}
    </div>
  );
}

function Rules({ project, settings, rules }: { project: string; settings: ShopSettings; rules: boolean }) {
  const [lastStep, setLastStep] = useState<string>(settings.last_step ?? "");
  const [other, setOther] = useState(settings.reviewer_is_not_author);
  const [reasons, setReasons] = useState(settings.scrap_reasons);
  const [remind, setRemind] = useState<number | string>(settings.remind_hours);
  const [back, setBack] = useState<number | string>(settings.return_hours);
  const save = useMutation({
    mutationFn: () =>
      saveSettings(project, {
        last_step: (lastStep || null) as LastStep | null,
        reviewer_is_not_author: other,
        scrap_reasons: reasons,
        remind_hours: Number(remind) || 0,
        return_hours: Number(back) || 0,
      }),
    onSuccess: () => say("Saved"),
  });
  return (
    <section className={`panel ${classes.panel}`} aria-labelledby="shop-rules">
      <h2 id="shop-rules">Rules</h2>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (rules && reasons.length) save.mutate();
        }}
      >
        <Select
          label="After a part is made"
          description="An own last step: somebody confirms it for each part."
          allowDeselect={false}
          disabled={!rules}
          data={[
            { value: "", label: "Nothing more" },
            { value: "inspected", label: "It is inspected" },
            { value: "picked_up", label: "It is picked up" },
          ]}
          value={lastStep}
          onChange={(value) => setLastStep(value ?? "")}
        />
        <Switch
          label="Somebody else reviews: nobody approves what they have added"
          disabled={!rules}
          checked={other}
          onChange={(event) => setOther(event.currentTarget.checked)}
        />
        <TagsInput
          label="Reasons for scrap"
          description="Press Enter after each."
          error={reasons.length ? null : "At least one."}
          disabled={!rules}
          maxTags={50}
          value={reasons}
          onChange={setReasons}
        />
        <div className={classes.pair}>
          <NumberInput
            label="Remind the holder"
            description="When nothing has happened to a part; 0 for never"
            disabled={!rules}
            min={0}
            max={8760}
            suffix=" h"
            value={remind}
            onChange={setRemind}
          />
          <NumberInput
            label="Back to the board"
            description="Taken from the holder after so long; 0 for never"
            disabled={!rules}
            min={0}
            max={8760}
            suffix=" h"
            value={back}
            onChange={setBack}
          />
        </div>
        <Refusal error={save.error} />
        {rules && (
          <div>
            <Button type="submit" loading={save.isPending}>
              Save
            </Button>
          </div>
        )}
      </form>
    </section>
  );
}

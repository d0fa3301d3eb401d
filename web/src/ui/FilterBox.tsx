import { IconSearch, IconX } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import classes from "./FilterBox.module.css";

interface Props {
  value: string;
  label: string;
  placeholder: string;
  onChange: (value: string) => void;
  /** Arrow down: on to the results. */
  onDown?: () => void;
}

const SETTLE_MS = 60;

/** Answers as one types. The address follows a moment later, so that fast typing stays fast. */
export function FilterBox({ value, label, placeholder, onChange, onDown }: Props) {
  const [text, setText] = useState(value);
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const sent = useRef(value);

  useEffect(() => {
    // The address was changed by somebody else: the palette, the back button.
    if (value !== sent.current) {
      sent.current = value;
      setText(value);
    }
  }, [value]);
  useEffect(
    () => () => {
      if (timer.current) clearTimeout(timer.current);
    },
    [],
  );

  const type = (next: string): void => {
    setText(next);
    if (timer.current) clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      sent.current = next;
      onChange(next);
    }, SETTLE_MS);
  };

  return (
    <div className={classes.box}>
      <IconSearch size={16} className={classes.icon} aria-hidden />
      <input
        ref={input}
        data-page-filter
        className={classes.input}
        type="text"
        role="searchbox"
        spellCheck={false}
        autoComplete="off"
        aria-label={label}
        aria-keyshortcuts="/"
        placeholder={placeholder}
        value={text}
        onChange={(event) => type(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape" && text) {
            event.preventDefault();
            type("");
          } else if (event.key === "ArrowDown" && onDown) {
            event.preventDefault();
            onDown();
          }
        }}
      />
      {text ? (
        <button
          type="button"
          className={classes.clear}
          aria-label="Clear the filter"
          onClick={() => {
            type("");
            input.current?.focus();
          }}
        >
          <IconX size={14} />
        </button>
      ) : (
        <kbd className={`key ${classes.hint}`} aria-hidden="true">
          /
        </kbd>
      )}
    </div>
  );
}

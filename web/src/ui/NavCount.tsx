import classes from "./NavCount.module.css";

/** A number at the end of a menu entry. `words` says what is counted; a badge asks for attention. */
export function NavCount({ count, words, badge = false }: { count: number; words: string; badge?: boolean }) {
  const text = count.toLocaleString();
  return (
    <span className={`${classes.count} ${badge ? classes.badge : ""}`} title={words}>
      {badge ? (
        <>
          <span aria-hidden="true">{text}</span>
          <span className="visually-hidden">{words}</span>
        </>
      ) : (
        text
      )}
    </span>
  );
}

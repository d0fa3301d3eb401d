import { Button, Loader } from "@mantine/core";
import { IconCircleCheck, IconCircleX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { api } from "../../api/client";
import { meQuery, queryClient } from "../../api/queries";
import { Link } from "../../ui/Link";
import { problemText } from "../../ui/Refusal";
import { useSearch } from "../../ui/useSearch";
import { Bare } from "./Bare";

interface Props {
  what: "email" | "password";
  title: string;
}

/** Where the links in our mails lead. The token is sent on as it is: its alphabet needs no encoding. */
export function ConfirmPage({ what, title }: Props) {
  const [search] = useSearch();
  const token = search.get("token") ?? "";
  useEffect(() => {
    document.title = `${title} · Toolcrib`;
  }, [title]);
  const { data, error, isFetching } = useQuery({
    queryKey: ["confirm", what, token],
    queryFn: async () => {
      const answer = await api<{ msg: string }>(`confirm-${what}/${token}`, { anonymous: true });
      // A changed address shows in the profile.
      void queryClient.invalidateQueries({ queryKey: meQuery.queryKey });
      return answer;
    },
    enabled: /^[\w.-]+$/.test(token),
    staleTime: Infinity,
    retry: false,
  });
  return (
    <Bare title={title}>
      <div role="status" style={{ display: "flex", gap: 12, alignItems: "flex-start", marginBottom: 20 }}>
        {isFetching && (
          <>
            <Loader size="sm" /> Confirming…
          </>
        )}
        {data && (
          <>
            <IconCircleCheck size={22} color="var(--crib-mine)" style={{ flex: "none" }} aria-hidden />
            <span>{data.msg}</span>
          </>
        )}
        {!isFetching && !data && (
          <>
            <IconCircleX size={22} color="var(--mantine-color-error)" style={{ flex: "none" }} aria-hidden />
            <span>
              {error ? problemText(error) : "This link is not complete. Copy all of it from the mail, or ask again."}
            </span>
          </>
        )}
      </div>
      {!isFetching && (
        <Button component={Link} to={data ? "/" : `/settings?tab=${what}`} fullWidth variant="default">
          {data ? "Go to the board" : "Back to the settings"}
        </Button>
      )}
    </Bare>
  );
}

// Made by `npm run types` from the server's OpenAPI document. Do not edit.

export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** AccessCheck */
        AccessCheck: {
            /**
             * Action
             * @enum {string}
             */
            action: "read" | "write" | "delete" | "lock" | "validate";
            /**
             * File Id
             * @default null
             */
            file_id: string | null;
            /** Project Id */
            project_id: string;
        };
        /** AccessChecks */
        AccessChecks: {
            /** Checks */
            checks: components["schemas"]["BatchedCheck"][];
        };
        /** AccountRead */
        AccountRead: {
            /** Created At */
            created_at: string;
            /** Is Admin */
            is_admin: boolean;
            /** Username */
            username: string;
        };
        /**
         * Addressed
         * @description Names one file: by `file_id`; by `bucket_type`, `bucket_id` and `logical_path`; or by `bucket` and the absolute
         *     `path` `/<bucket>/<id>/…`.
         */
        Addressed: {
            /**
             * Bucket
             * @default null
             */
            bucket: string | null;
            /**
             * Bucket Id
             * @default null
             */
            bucket_id: string | null;
            /**
             * Bucket Type
             * @default null
             */
            bucket_type: string | null;
            /**
             * File Id
             * @default null
             */
            file_id: string | null;
            /**
             * Id
             * @default null
             */
            id: string | null;
            /**
             * Logical Path
             * @default null
             */
            logical_path: string | null;
            /**
             * Path
             * @default null
             */
            path: string | null;
        };
        /** AllReleased */
        AllReleased: {
            /** Message */
            message: string;
        };
        /**
         * ApiKeyMade
         * @description A new API key. This is the only response that contains the key itself.
         */
        ApiKeyMade: {
            /** Created At */
            created_at: string;
            /** Expires At */
            expires_at: string | null;
            /** Id */
            id: number;
            /** Key */
            key: string;
            /** Last Used At */
            last_used_at: string | null;
            /** Name */
            name: string;
            /** Prefix */
            prefix: string;
            /** Scopes */
            scopes: string[] | null;
            /** Token Id */
            token_id: string | null;
        };
        /**
         * ApiKeyRead
         * @description An API key or token. `scopes` is null for those that have all scopes: tokens, and keys that are older than
         *     scopes. `token_id` is set for tokens.
         */
        ApiKeyRead: {
            /** Created At */
            created_at: string;
            /** Expires At */
            expires_at: string | null;
            /** Id */
            id: number;
            /** Last Used At */
            last_used_at: string | null;
            /** Name */
            name: string;
            /** Prefix */
            prefix: string;
            /** Scopes */
            scopes: string[] | null;
            /** Token Id */
            token_id: string | null;
        };
        /**
         * ArchivedPage
         * @description Go on with `cursor=next_cursor` while there is one, also where this page is empty.
         */
        ArchivedPage: {
            /** Damaged */
            damaged: components["schemas"]["DamagedArchive"][];
            /** Events */
            events: components["schemas"]["EventRead"][];
            /** Next Cursor */
            next_cursor: number | null;
        };
        /** AssetCheckRequest */
        AssetCheckRequest: {
            /** Paths */
            paths: string[];
            /**
             * Project
             * @default null
             */
            project: string | null;
        };
        /** AssetForceReleaseRequest */
        AssetForceReleaseRequest: {
            /** Paths */
            paths: string[];
            /** Project */
            project?: string | null;
            /** Reason */
            reason: string;
        };
        /**
         * AssetLock
         * @description A lock. `id` and `fence` are the same increasing number. `timestamp` is when it was taken. `upstream_branch` is
         *     what the branch is called where it is pushed to, if the client said.
         */
        AssetLock: {
            /** Asset Path */
            asset_path: string;
            /** Branch */
            branch: string;
            /** Comment */
            comment: string | null;
            /** Expires At */
            expires_at: string | null;
            /** Fence */
            fence: number;
            /** Id */
            id: number;
            /** Locked By */
            locked_by: string;
            /** Project */
            project: string;
            /** Timestamp */
            timestamp: string;
            /** Upstream Branch */
            upstream_branch?: string | null;
        };
        /**
         * AssetLockRequest
         * @description `wait`: stand in line if somebody holds it, with `program`, `program_id` and `timeout_seconds` as for `POST
         *     /claims/{fence}/queue`. `expires_in` then counts from the lock, and `expires_at` ends the wait too.
         */
        AssetLockRequest: {
            /** Asset Path */
            asset_path: string;
            /** Branch */
            branch: string;
            /**
             * Comment
             * @default null
             */
            comment: string | null;
            /**
             * Expires At
             * @default null
             */
            expires_at: string | null;
            /**
             * Expires In
             * @default null
             */
            expires_in: number | null;
            /**
             * Program
             * @default false
             */
            program: boolean;
            /**
             * Program Id
             * @default null
             */
            program_id: string | null;
            /**
             * Project
             * @default null
             */
            project: string | null;
            /**
             * Timeout Seconds
             * @default null
             */
            timeout_seconds: number | null;
            /**
             * Upstream Branch
             * @default null
             */
            upstream_branch: string | null;
            /**
             * Wait
             * @default false
             */
            wait: boolean;
        };
        /** AssetRenewRequest */
        AssetRenewRequest: {
            /** Asset Path */
            asset_path: string;
            /** Expires At */
            expires_at?: string | null;
            /** Expires In */
            expires_in?: number | null;
            /** Project */
            project?: string | null;
        };
        /**
         * AssetsChecked
         * @description Which of the paths are locked: by others, and by the caller. The others are free.
         */
        AssetsChecked: {
            /** Held */
            held: components["schemas"]["HeldLock"][];
            /** Mine */
            mine: components["schemas"]["AssetLock"][];
        };
        /** Assigned */
        Assigned: {
            /** Assigned */
            assigned: number;
            /** Unassigned */
            unassigned: number;
        };
        /** Assignment */
        Assignment: {
            /** Assigned */
            assigned: string;
        };
        /** AssignPart */
        AssignPart: {
            /** Expected Updated At */
            expected_updated_at?: string | null;
            /** Reason */
            reason?: string | null;
            /**
             * Take Over
             * @default false
             */
            take_over: boolean;
            /** Username */
            username: string;
        };
        /** AttachPvc */
        AttachPvc: {
            /** Connection Id */
            connection_id?: number | string | null;
            /** Pvc Id */
            pvc_id?: number | string | null;
        };
        /** AuditRead */
        AuditRead: {
            /** Action */
            action: string;
            /** Created At */
            created_at: string;
            /** Details */
            details: {
                [key: string]: unknown;
            };
            /** File Id */
            file_id: string | null;
            /** Id */
            id: string;
            /** Ip Address */
            ip_address: string | null;
            /** User Agent */
            user_agent: string | null;
            /** User Id */
            user_id: string;
            /** Username */
            username: string;
            /** Version Id */
            version_id: string | null;
        };
        /** Authenticated */
        Authenticated: {
            /** Message */
            message: string;
            /** Status */
            status: string;
            /**
             * Timestamp
             * Format: date-time
             */
            timestamp: string;
        };
        /** AuthorityKey */
        AuthorityKey: {
            /** Public Key */
            public_key: string;
        };
        /** AuthorizationUrl */
        AuthorizationUrl: {
            /** Authorization Url */
            authorization_url: string;
        };
        /**
         * AuthProvider
         * @description A provider that a person signs in through.
         */
        AuthProvider: {
            /** Created At */
            created_at: string;
            /** Last Used */
            last_used: string | null;
            /** Provider */
            provider: string;
            /** Provider Name */
            provider_name: string | null;
            /** Provider User Id */
            provider_user_id: string;
        };
        /** Available */
        Available: {
            /** Available */
            available: string[];
            /** Reserved */
            reserved: string[];
        };
        /**
         * BatchedCheck
         * @description One of many questions. An unknown `action` is answered with no, so that the others are still answered.
         */
        BatchedCheck: {
            /**
             * Action
             * @default null
             */
            action: string | null;
            /**
             * File Id
             * @default null
             */
            file_id: string | null;
            /** Project Id */
            project_id: string;
        };
        /** Body_hear_of_sign_out_api_auth_oidc_backchannel_logout_post */
        Body_hear_of_sign_out_api_auth_oidc_backchannel_logout_post: {
            /** Logout Token */
            logout_token: string;
        };
        /**
         * BookingChange
         * @description What of a booking is to be changed; what is left out stays. `names` take the place of a number and tags, and the
         *     other way round; empty `tags` are any.
         */
        BookingChange: {
            /** At Least */
            at_least?: number | null;
            /** Count */
            count?: number | null;
            /** Minutes */
            minutes?: number | null;
            /** Names */
            names?: string[] | null;
            /** Starts At */
            starts_at?: string | null;
            /** Tags */
            tags?: string | null;
        };
        /** BoundingBox */
        BoundingBox: {
            /** Max Mm */
            max_mm: number[];
            /** Min Mm */
            min_mm: number[];
            /** Size Mm */
            size_mm: number[];
        };
        /** BranchReleased */
        BranchReleased: {
            /** Msg */
            msg: string;
            /** Released */
            released: number;
        };
        /** BranchRequest */
        BranchRequest: {
            /** Branch */
            branch: string;
            /** Project */
            project?: string | null;
        };
        /** BulkDone */
        BulkDone: {
            /** Count */
            count: number;
            /** Locks */
            locks: components["schemas"]["AssetLock"][];
            /** Msg */
            msg: string;
        };
        /**
         * BulkRequest
         * @description Lock or release all of `paths`, or none of them.
         */
        BulkRequest: {
            /**
             * Action
             * @enum {string}
             */
            action: "lock" | "release";
            /**
             * Branch
             * @default unknown_branch
             */
            branch: string;
            /**
             * Comment
             * @default null
             */
            comment: string | null;
            /**
             * Expires At
             * @default null
             */
            expires_at: string | null;
            /**
             * Expires In
             * @default null
             */
            expires_in: number | null;
            /** Paths */
            paths: string[];
            /**
             * Project
             * @default null
             */
            project: string | null;
            /**
             * Upstream Branch
             * @default null
             */
            upstream_branch: string | null;
        };
        /**
         * CalendarEntry
         * @description One machine for one time: a `hold`, of now or before, or a `booking` that has not begun.
         */
        CalendarEntry: {
            /**
             * Ends At
             * Format: date-time
             */
            ends_at: string;
            /** Holder */
            holder: string;
            /**
             * Kind
             * @enum {string}
             */
            kind: "hold" | "booking";
            /** Machine */
            machine: string;
            /** Purpose */
            purpose: string | null;
            /** Reservation */
            reservation: string;
            /**
             * Starts At
             * Format: date-time
             */
            starts_at: string;
        };
        /**
         * CalendarRead
         * @description `is_complete` is false where there is more than one answer may have: ask for a shorter time.
         */
        CalendarRead: {
            /** Entries */
            entries: components["schemas"]["CalendarEntry"][];
            /** Is Complete */
            is_complete: boolean;
        };
        /**
         * Can
         * @description What the caller may do with this claim now; `cannot` says why not, by the same names.
         */
        Can: {
            /** Ask */
            ask: boolean;
            /** Force Release */
            force_release: boolean;
            /** Release */
            release: boolean;
            /** Renew */
            renew: boolean;
            /** Transfer */
            transfer: boolean;
            /** Wait */
            wait: boolean;
        };
        /**
         * Certificate
         * @description An OpenSSH certificate for one of the caller's keys, which signs in until `valid_until`.
         */
        Certificate: {
            /** Certificate */
            certificate: string;
            /**
             * Valid Until
             * Format: date-time
             */
            valid_until: string;
        };
        /**
         * Change
         * @description What the figures of `b` are more than those of `a`; the ratios are b / a.
         */
        Change: {
            /** Area Mm2 */
            area_mm2: number | null;
            /** Area Ratio */
            area_ratio: number | null;
            /** Faces */
            faces: number | null;
            /** Size Mm */
            size_mm: number[] | null;
            /** Solids */
            solids: number | null;
            /** Triangles */
            triangles: number | null;
            /** Volume Mm3 */
            volume_mm3: number | null;
            /** Volume Ratio */
            volume_ratio: number | null;
        };
        /**
         * ChangeAnswer
         * @description The result of a change. `pending`: a link was mailed, and nothing changes until it is followed.
         */
        ChangeAnswer: {
            /** Message */
            message: string;
            /** Msg */
            msg: string;
            /** Pending */
            pending: boolean;
        };
        /** Changes */
        Changes: {
            /**
             * Description
             * @default null
             */
            description: string | null;
            /**
             * Tags
             * @default null
             */
            tags: {
                [key: string]: unknown;
            } | null;
        };
        /** ClaimChanged */
        ClaimChanged: {
            claim: components["schemas"]["ClaimRead"];
            /** Msg */
            msg: string;
        };
        /** ClaimPage */
        ClaimPage: {
            /** Claims */
            claims: components["schemas"]["ClaimRead"][];
            /** Next Cursor */
            next_cursor: string | null;
            /** Seq */
            seq: number;
        };
        /** ClaimRead */
        ClaimRead: {
            /** Acquired At */
            acquired_at: string;
            /** Branch */
            branch: string | null;
            can: components["schemas"]["Can"];
            /** Cannot */
            cannot: {
                [key: string]: string;
            };
            /** Comment */
            comment: string | null;
            /** Data */
            data: {
                [key: string]: unknown;
            };
            /** Expires At */
            expires_at: string | null;
            /** Fence */
            fence: number;
            /** Holder */
            holder: string;
            /** Holder Disabled */
            holder_disabled: boolean;
            /** Holder Uuid */
            holder_uuid: string;
            /** Id */
            id: string;
            /** Key */
            key: string;
            /** Kind */
            kind: string;
            /** Label */
            label: string;
            /** Queue */
            queue: number;
            /** Renewed At */
            renewed_at: string;
            /** Scope */
            scope: string;
            /** Url */
            url: string;
            /** Waiting */
            waiting: boolean;
        };
        /**
         * Clash
         * @description Claims whose names differ only in spelling, in the order they were acquired.
         */
        Clash: {
            /** Claims */
            claims: components["schemas"]["ClaimRead"][];
        };
        /** ClashList */
        ClashList: {
            /** Clashes */
            clashes: components["schemas"]["Clash"][];
            /** More */
            more: boolean;
            /** Next Cursor */
            next_cursor: string | null;
        };
        /**
         * CommitRequest
         * @description A version to submit. From a work copy: `source_…` and `target_…`. From content uploaded before: the file and
         *     `object_key`.
         */
        CommitRequest: {
            /**
             * Bucket
             * @default null
             */
            bucket: string | null;
            /**
             * Bucket Id
             * @default null
             */
            bucket_id: string | null;
            /**
             * Bucket Type
             * @default null
             */
            bucket_type: string | null;
            /**
             * Changelog
             * @default null
             */
            changelog: string | null;
            /**
             * Created By
             * @default null
             */
            created_by: string | null;
            /**
             * File Id
             * @default null
             */
            file_id: string | null;
            /**
             * Id
             * @default null
             */
            id: string | null;
            /**
             * Logical Path
             * @default null
             */
            logical_path: string | null;
            /**
             * Message
             * @default null
             */
            message: string | null;
            /**
             * Object Key
             * @default null
             */
            object_key: string | null;
            /**
             * Path
             * @default null
             */
            path: string | null;
            /**
             * Source Bucket
             * @default null
             */
            source_bucket: string | null;
            /**
             * Source Id
             * @default null
             */
            source_id: string | null;
            /**
             * Source Path
             * @default null
             */
            source_path: string | null;
            /**
             * Target Bucket
             * @default null
             */
            target_bucket: string | null;
            /**
             * Target Id
             * @default null
             */
            target_id: string | null;
            /**
             * Target Path
             * @default null
             */
            target_path: string | null;
        };
        /** CompanyChange */
        CompanyChange: {
            /** Company Id */
            company_id: string | null;
            /**
             * Role
             * @default member
             * @enum {string}
             */
            role: "owner" | "member";
        };
        /**
         * CompanyMember
         * @description `from_provider`: the role comes from a group at the sign-in provider, and goes with it.
         */
        CompanyMember: {
            /** From Provider */
            from_provider: boolean;
            /**
             * Role
             * @enum {string}
             */
            role: "owner" | "member";
            /** Username */
            username: string;
            /** Uuid */
            uuid: string;
        };
        /** CompanyName */
        CompanyName: {
            /** Name */
            name: string;
        };
        /** CompanyRead */
        CompanyRead: {
            /** Created At */
            created_at: string;
            /** Id */
            id: string;
            /** Members */
            members: number;
            /** Name */
            name: string;
            /** Role */
            role: ("owner" | "member") | null;
        };
        /** Comparison */
        Comparison: {
            a: components["schemas"]["RevisionFigures"];
            b: components["schemas"]["RevisionFigures"];
            change: components["schemas"]["Change"] | null;
        };
        /** ConfigDetail */
        ConfigDetail: {
            /** Description */
            description: string;
            /** Key */
            key: string;
            /** Maximum */
            maximum: number | null;
            /** Minimum */
            minimum: number | null;
            /** Name */
            name: string;
            /**
             * Source
             * @enum {string}
             */
            source: "database" | "environment" | "config.json" | "default";
            /**
             * Type
             * @enum {string}
             */
            type: "bool" | "int" | "str";
            /** Value */
            value: boolean | number | string;
            /** Writable */
            writable: boolean;
        };
        /** ConfigSaved */
        ConfigSaved: {
            /** Message */
            message: string;
            /** Msg */
            msg: string;
        };
        /** ConfigStatus */
        ConfigStatus: {
            /** Mail Enabled */
            mail_enabled: boolean;
        };
        /** Configuration */
        Configuration: {
            /** Allowed Users */
            allowed_users: string[];
            /** Copy Out */
            copy_out: boolean;
            /** Created At */
            created_at: string;
            /** Created By */
            created_by: string | null;
            /** Description */
            description: string;
            /** Files */
            files: boolean;
            /** Id */
            id: number;
            /** Image */
            image: string;
            /** Is Public */
            is_public: boolean;
            /** Max Cpu */
            max_cpu: number;
            /** Max Ram */
            max_ram: string;
            /** Min Cpu */
            min_cpu: number;
            /** Min Ram */
            min_ram: string;
            /** Name */
            name: string;
            /** Network */
            network: boolean;
            /** Paste In */
            paste_in: boolean;
        };
        /**
         * ConfigurationBody
         * @description `network`, `copy_out`, `paste_in` and `files` are beyond the contract.
         */
        ConfigurationBody: {
            /** Allowed Users */
            allowed_users?: string[] | null;
            /**
             * Copy Out
             * @default false
             */
            copy_out: boolean;
            /**
             * Description
             * @default
             */
            description: string | null;
            /**
             * Files
             * @default true
             */
            files: boolean;
            /** Image */
            image?: string | null;
            /**
             * Is Public
             * @default false
             */
            is_public: boolean;
            /**
             * Max Cpu
             * @default 4
             */
            max_cpu: number;
            /**
             * Max Ram
             * @default 16384Mi
             */
            max_ram: string;
            /**
             * Min Cpu
             * @default 1
             */
            min_cpu: number;
            /**
             * Min Ram
             * @default 4096Mi
             */
            min_ram: string;
            /** Name */
            name?: string | null;
            /**
             * Network
             * @default false
             */
            network: boolean;
            /**
             * Paste In
             * @default true
             */
            paste_in: boolean;
        };
        /** ConfigurationShown */
        ConfigurationShown: {
            configuration: components["schemas"]["Configuration"];
        };
        /** ConfigurationsShown */
        ConfigurationsShown: {
            /** Configurations */
            configurations: components["schemas"]["Configuration"][];
        };
        /** ConfirmUpload */
        ConfirmUpload: {
            /**
             * Changelog
             * @default null
             */
            changelog: string | null;
            /** Object Key */
            object_key: string;
            /**
             * Sha256
             * @default null
             */
            sha256: string | null;
            /**
             * Size
             * @default null
             */
            size: number | null;
        };
        /** Connection */
        Connection: {
            /** Created At */
            created_at: string;
            /** Created By */
            created_by: string;
            /** Desktop Configuration Id */
            desktop_configuration_id: number | null;
            /** Desktop Configuration Name */
            desktop_configuration_name: string | null;
            /** External Pvc */
            external_pvc: string | null;
            /** Id */
            id: number;
            /** Is Stopped */
            is_stopped: boolean;
            /** Name */
            name: string;
            /** Persistent Home */
            persistent_home: boolean;
        };
        /** ConnectionChanged */
        ConnectionChanged: {
            connection: components["schemas"]["Connection"];
            /** Message */
            message: string;
        };
        /** ConnectionName */
        ConnectionName: {
            /** Name */
            name?: string | null;
        };
        /** ConnectionShown */
        ConnectionShown: {
            connection: components["schemas"]["OneConnection"];
        };
        /** ConnectionsShown */
        ConnectionsShown: {
            /** Connections */
            connections: components["schemas"]["Connection"][];
        };
        /** ConnectionStatus */
        ConnectionStatus: {
            /** Connection Name */
            connection_name: string;
            /** Status */
            status: string;
        };
        /** ContractPart */
        ContractPart: {
            /** Amount */
            amount: number;
            /** Assigned */
            assigned: string | null;
            /** Category */
            category: string;
            /** Claimeddate */
            claimedDate: string | null;
            /**
             * Createdat
             * Format: date-time
             */
            createdAt: string;
            /** File */
            file: string | null;
            /** Id */
            id: number;
            /** Material */
            material: string;
            /** Materialthickness */
            materialThickness: string | null;
            /** Miscinfo */
            miscInfo: {
                [key: string]: unknown;
            } | null;
            /** Name */
            name: string | null;
            /** Notes */
            notes: string | null;
            /** Onshapeurl */
            onshapeUrl: string | null;
            /** Partid */
            partId: string;
            /** Status */
            status: string;
            /** Subsystem */
            subsystem: string;
            /** Type */
            type: string | null;
            /**
             * Updatedat
             * Format: date-time
             */
            updatedAt: string;
        };
        /** ContractParts */
        ContractParts: {
            /** Limit */
            limit: number | null;
            /** Offset */
            offset: number;
            /** Parts */
            parts: components["schemas"]["ContractPart"][];
            /** Total */
            total: number;
        };
        /** Contributor */
        Contributor: {
            /** Count */
            count: number;
            /** Name */
            name: string;
        };
        /** ControlRequest */
        ControlRequest: {
            /**
             * Do
             * @enum {string}
             */
            do: "ask" | "give" | "refuse" | "take" | "release";
            /** View Id */
            view_id?: string | null;
        };
        /** Conversion */
        Conversion: {
            /** Error */
            error: string | null;
            /** Gltf Path */
            gltf_path: string | null;
            /** Success */
            success: boolean;
        };
        /** CopyRequest */
        CopyRequest: {
            /**
             * Copy Versions
             * @default false
             */
            copy_versions: boolean;
            /**
             * New Filename
             * @default null
             */
            new_filename: string | null;
            /**
             * Source Bucket
             * @default null
             */
            source_bucket: string | null;
            /**
             * Source Id
             * @default null
             */
            source_id: string | null;
            /**
             * Source Path
             * @default null
             */
            source_path: string | null;
            /**
             * Target Bucket
             * @default null
             */
            target_bucket: string | null;
            /**
             * Target Id
             * @default null
             */
            target_id: string | null;
            /**
             * Target Path
             * @default null
             */
            target_path: string | null;
        };
        /**
         * CountPieces
         * @description `reason` is the code that scrap needs; `override` with a `note` finishes the part to an older model.
         */
        CountPieces: {
            /** Expected Updated At */
            expected_updated_at?: string | null;
            /**
             * Made
             * @default 0
             */
            made: number;
            /** Note */
            note?: string | null;
            /**
             * Override
             * @default false
             */
            override: boolean;
            /** Reason */
            reason?: string | null;
            /**
             * Scrapped
             * @default 0
             */
            scrapped: number;
        };
        /** CountRead */
        CountRead: {
            /**
             * At
             * Format: date-time
             */
            at: string;
            /** By */
            by: string | null;
            /** Id */
            id: number;
            /** Made */
            made: number;
            /** Note */
            note: string | null;
            /** Reason */
            reason: string | null;
            /** Scrapped */
            scrapped: number;
            /** Step Id */
            step_id: number | null;
        };
        /** Counts */
        Counts: {
            /** Counts */
            counts: components["schemas"]["CountRead"][];
        };
        /** CurrentPassword */
        CurrentPassword: {
            /** Current Password */
            current_password: string;
        };
        /**
         * CurrentUser
         * @description The person who makes the request. `must_enrol`: an administrator who must set up two-step sign-in before anything
         *     else.
         */
        CurrentUser: {
            /** Company Id */
            company_id: string | null;
            /** Company Name */
            company_name: string | null;
            /** Company Role */
            company_role: ("owner" | "member") | null;
            /** Created At */
            created_at: string;
            /** Email */
            email: string;
            /** Id */
            id: number;
            /** Is Active */
            is_active: boolean;
            /** Is Admin */
            is_admin: boolean;
            /** Must Enrol */
            must_enrol: boolean;
            /** Username */
            username: string;
            /** Uuid */
            uuid: string;
        };
        /**
         * DamagedArchive
         * @description A file of old events that is missing or damaged: of the events between these two it held `events`.
         */
        DamagedArchive: {
            /** Events */
            events: number;
            /** First Seq */
            first_seq: number;
            /** Last Seq */
            last_seq: number;
            /** Name */
            name: string;
        };
        /** DecideRequest */
        DecideRequest: {
            /**
             * Comment
             * @default null
             */
            comment: string | null;
        };
        /** Deleted */
        Deleted: {
            /**
             * Message
             * @default deleted
             */
            message: string;
        };
        /** DeleteRequest */
        DeleteRequest: {
            /**
             * Bucket
             * @default null
             */
            bucket: string | null;
            /**
             * Bucket Id
             * @default null
             */
            bucket_id: string | null;
            /**
             * Bucket Type
             * @default null
             */
            bucket_type: string | null;
            /**
             * File Id
             * @default null
             */
            file_id: string | null;
            /**
             * Force
             * @default false
             */
            force: boolean;
            /**
             * Id
             * @default null
             */
            id: string | null;
            /**
             * Logical Path
             * @default null
             */
            logical_path: string | null;
            /**
             * Path
             * @default null
             */
            path: string | null;
            /**
             * Physical
             * @default false
             */
            physical: boolean;
            /**
             * Reason
             * @default null
             */
            reason: string | null;
        };
        /** DesktopController */
        DesktopController: {
            /** Person */
            person: string;
            /**
             * Since
             * Format: date-time
             */
            since: string;
            /** View Id */
            view_id: string;
        };
        /**
         * DesktopExtension
         * @description So many hours later, or until then; with neither, as late as it can.
         */
        DesktopExtension: {
            /** Hours */
            hours?: number | null;
            /** Until */
            until?: string | null;
        };
        /** DesktopFile */
        DesktopFile: {
            /**
             * Changed At
             * Format: date-time
             */
            changed_at: string;
            /** Is Folder */
            is_folder: boolean;
            /** Name */
            name: string;
            /** Size */
            size: number;
        };
        /** DesktopFiles */
        DesktopFiles: {
            /** Files */
            files: components["schemas"]["DesktopFile"][];
        };
        /** DesktopFileSent */
        DesktopFileSent: {
            /** Size */
            size: number;
        };
        /** DesktopImages */
        DesktopImages: {
            /** Images */
            images: string[];
        };
        /**
         * DesktopLimits
         * @description `queue`: whether one may wait. `hours_left` of this week, where they are limited. `problem`: why desktops cannot
         *     be run now.
         */
        DesktopLimits: {
            /** Hours Left */
            hours_left: number | null;
            /** Hours Per Week */
            hours_per_week: number | null;
            /** In Total */
            in_total: number;
            /** Launcher */
            launcher: string;
            /** Mine */
            mine: number;
            /** Per Person */
            per_person: number;
            /** Problem */
            problem: string | null;
            /** Queue */
            queue: boolean;
            /** Running */
            running: number;
            /** Waiting */
            waiting: number;
        };
        /** DesktopList */
        DesktopList: {
            /** Desktops */
            desktops: components["schemas"]["DesktopRead"][];
            limits: components["schemas"]["DesktopLimits"];
        };
        /** DesktopMessage */
        DesktopMessage: {
            /** Message */
            message: string;
        };
        /**
         * DesktopRead
         * @description A desktop. `state` is queued, starting, running, stopping, stopped, deleting or failed; `end_text` says in one
         *     sentence when it ends and what can be done; `cannot` says why something cannot be done now.
         */
        DesktopRead: {
            /** Cannot */
            cannot: {
                [key: string]: string;
            };
            /** Configuration */
            configuration: string | null;
            /** Configuration Id */
            configuration_id: number | null;
            /** Controller */
            controller: string | null;
            /** Copy Out */
            copy_out: boolean;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** End Reason */
            end_reason: string | null;
            /** End Text */
            end_text: string | null;
            /** Ends At */
            ends_at: string | null;
            /** Expected At */
            expected_at: string | null;
            /** Extend To */
            extend_to: string | null;
            /** Fence */
            fence: number | null;
            /** Files */
            files: boolean;
            /** Holder */
            holder: string;
            /** Id */
            id: number;
            /** Idle Ends At */
            idle_ends_at: string | null;
            /** Keep Until */
            keep_until: string | null;
            /** Name */
            name: string;
            /** Paste In */
            paste_in: boolean;
            /** Persistent Home */
            persistent_home: boolean;
            /** Progress */
            progress: string;
            /** Queue Position */
            queue_position: number | null;
            /** Ready At */
            ready_at: string | null;
            /** Reason */
            reason: string | null;
            /** Started At */
            started_at: string | null;
            /** State */
            state: string;
            /** Stopped At */
            stopped_at: string | null;
            /** Views */
            views: number;
            /** Volume */
            volume: string | null;
        };
        /**
         * DesktopTicket
         * @description A ticket opens one view, once: the subprotocol `ticket.` with it, beside `binary` (`vnc`) or `guacamole`
         *     (`guacd`).
         */
        DesktopTicket: {
            /** Ask Seconds */
            ask_seconds: number;
            /**
             * Expires At
             * Format: date-time
             */
            expires_at: string;
            /** Page */
            page: string;
            /** Ticket */
            ticket: string;
            /** View Id */
            view_id: string;
            /** View Only */
            view_only: boolean;
            /**
             * Viewer
             * @enum {string}
             */
            viewer: "vnc" | "guacd";
            /** Websocket */
            websocket: string;
        };
        /**
         * DesktopUsage
         * @description None where the platform does not tell.
         */
        DesktopUsage: {
            /** Cpu Cores */
            cpu_cores: number | null;
            /** Cpu Seconds */
            cpu_seconds: number | null;
            /** Memory Bytes */
            memory_bytes: number | null;
        };
        /** DesktopView */
        DesktopView: {
            /** Asks Since */
            asks_since: string | null;
            /** Id */
            id: string;
            /** Mine */
            mine: boolean;
            /**
             * Opened At
             * Format: date-time
             */
            opened_at: string;
            /** Person */
            person: string;
            /**
             * Role
             * @enum {string}
             */
            role: "holder" | "guest" | "admin";
            /** View Only */
            view_only: boolean;
        };
        /** DesktopViews */
        DesktopViews: {
            controller: components["schemas"]["DesktopController"] | null;
            /** Views */
            views: components["schemas"]["DesktopView"][];
        };
        /**
         * DesktopWish
         * @description `volume` is the name of one. `hours`: for how long; without, as long as one may.
         */
        DesktopWish: {
            /** Configuration Id */
            configuration_id?: number | string | null;
            /** Hours */
            hours?: number | null;
            /** Name */
            name: string;
            /**
             * Persistent Home
             * @default true
             */
            persistent_home: boolean;
            /** Volume */
            volume?: string | null;
        };
        /** DetailedStats */
        DetailedStats: {
            /** Average Completion Time */
            average_completion_time: number | null;
            /** By Category */
            by_category: {
                [key: string]: number;
            };
            /** By Type */
            by_type: {
                [key: string]: number;
            };
            /** Completed Parts */
            completed_parts: number;
            /** Completion Time Distribution */
            completion_time_distribution: {
                [key: string]: number;
            };
            /** In Progress Parts */
            in_progress_parts: number;
            /** Top Contributors */
            top_contributors: components["schemas"]["Contributor"][];
            /** Total Parts */
            total_parts: number;
        };
        /** DirectConnection */
        DirectConnection: {
            /** Auth Url */
            auth_url: string;
            /** Connection Id */
            connection_id: string;
            /** Connection Name */
            connection_name: string;
        };
        /** Directory */
        Directory: {
            /** Users */
            users: components["schemas"]["DirectoryEntry"][];
        };
        /**
         * DirectoryEntry
         * @description A person. `sub` is the provider's subject; times are of the form that HTTP headers have.
         */
        DirectoryEntry: {
            /** Created At */
            created_at: string;
            /** Email */
            email: string | null;
            /** Email Verified */
            email_verified: boolean;
            /** Family Name */
            family_name: string | null;
            /** Given Name */
            given_name: string | null;
            /** Id */
            id: number;
            /** Is Admin */
            is_admin: boolean;
            /** Last Login */
            last_login: string | null;
            /** Locale */
            locale: string | null;
            /** Name */
            name: string | null;
            /** Organization */
            organization: string | null;
            /** Sub */
            sub: string | null;
            /** Username */
            username: string;
        };
        /** DirectoryPerson */
        DirectoryPerson: {
            /** Auth Providers */
            auth_providers: components["schemas"]["AuthProvider"][];
            /** Created At */
            created_at: string;
            /** Email */
            email: string | null;
            /** Email Verified */
            email_verified: boolean;
            /** Family Name */
            family_name: string | null;
            /** Given Name */
            given_name: string | null;
            /** Id */
            id: number;
            /** Is Admin */
            is_admin: boolean;
            /** Last Login */
            last_login: string | null;
            /** Locale */
            locale: string | null;
            /** Name */
            name: string | null;
            /** Organization */
            organization: string | null;
            /** Sub */
            sub: string | null;
            /** Username */
            username: string;
        };
        /** DirectoryUser */
        DirectoryUser: {
            user: components["schemas"]["DirectoryPerson"];
        };
        /** DocumentLock */
        DocumentLock: {
            /** Bucket Id */
            bucket_id: string;
            /** Bucket Type */
            bucket_type: string;
            /** Expires At */
            expires_at: string | null;
            /** Fence */
            fence: number;
            /** File Id */
            file_id: string;
            /** Lock Id */
            lock_id: string;
            /** Lock Type */
            lock_type: string;
            /** Locked At */
            locked_at: string;
            /** Locked By */
            locked_by: string;
            /** Locked By Name */
            locked_by_name: string;
            /** Logical Path */
            logical_path: string;
            /** Path */
            path: string;
            /** Reason */
            reason: string | null;
        };
        /** DocumentLockRequest */
        DocumentLockRequest: {
            /**
             * Bucket
             * @default null
             */
            bucket: string | null;
            /**
             * Bucket Id
             * @default null
             */
            bucket_id: string | null;
            /**
             * Bucket Type
             * @default null
             */
            bucket_type: string | null;
            /**
             * Expires In
             * @default null
             */
            expires_in: number | null;
            /**
             * File Id
             * @default null
             */
            file_id: string | null;
            /**
             * Id
             * @default null
             */
            id: string | null;
            /**
             * Lock Type
             * @default edit
             * @enum {string}
             */
            lock_type: "edit" | "review" | "admin";
            /**
             * Logical Path
             * @default null
             */
            logical_path: string | null;
            /**
             * Path
             * @default null
             */
            path: string | null;
            /**
             * Reason
             * @default null
             */
            reason: string | null;
        };
        /** DocumentRenewRequest */
        DocumentRenewRequest: {
            /**
             * Bucket
             * @default null
             */
            bucket: string | null;
            /**
             * Bucket Id
             * @default null
             */
            bucket_id: string | null;
            /**
             * Bucket Type
             * @default null
             */
            bucket_type: string | null;
            /**
             * Expires In
             * @default null
             */
            expires_in: number | null;
            /**
             * File Id
             * @default null
             */
            file_id: string | null;
            /**
             * Id
             * @default null
             */
            id: string | null;
            /**
             * Logical Path
             * @default null
             */
            logical_path: string | null;
            /**
             * Path
             * @default null
             */
            path: string | null;
        };
        /** DocumentUnlockRequest */
        DocumentUnlockRequest: {
            /**
             * Bucket
             * @default null
             */
            bucket: string | null;
            /**
             * Bucket Id
             * @default null
             */
            bucket_id: string | null;
            /**
             * Bucket Type
             * @default null
             */
            bucket_type: string | null;
            /**
             * File Id
             * @default null
             */
            file_id: string | null;
            /**
             * Force
             * @default false
             */
            force: boolean;
            /**
             * Id
             * @default null
             */
            id: string | null;
            /**
             * Logical Path
             * @default null
             */
            logical_path: string | null;
            /**
             * Path
             * @default null
             */
            path: string | null;
            /**
             * Reason
             * @default null
             */
            reason: string | null;
        };
        /** DoneBy */
        DoneBy: {
            /**
             * At
             * Format: date-time
             */
            at: string;
            /** By */
            by: string | null;
        };
        /** DonePart */
        DonePart: {
            /** Expected Updated At */
            expected_updated_at?: string | null;
            /**
             * Override
             * @default false
             */
            override: boolean;
            /** Reason */
            reason?: string | null;
        };
        /**
         * DrawingFetched
         * @description `is_new` False says that the part has had this very drawing already.
         */
        DrawingFetched: {
            /** Is New */
            is_new: boolean;
            /** Name */
            name: string;
            /** Revision */
            revision: number;
        };
        /** EmailChange */
        EmailChange: {
            /** Current Password */
            current_password: string;
            /** New Email */
            new_email: string;
        };
        /** EmailReset */
        EmailReset: {
            /** New Email */
            new_email: string;
        };
        /** EventKeys */
        EventKeys: {
            /** Keys */
            keys: string[];
        };
        /** EventPage */
        EventPage: {
            /** Archived Through */
            archived_through: number;
            /** Events */
            events: components["schemas"]["EventRead"][];
            /** Last Seq */
            last_seq: number;
            /** Next After */
            next_after: number | null;
            /** Next Before */
            next_before: number | null;
        };
        /** EventRead */
        EventRead: {
            /** Actor */
            actor: string | null;
            /** At */
            at: string;
            /** Data */
            data: {
                [key: string]: unknown;
            };
            /** Key */
            key: string;
            /** Kind */
            kind: string;
            /** Scope */
            scope: string;
            /** Seq */
            seq: number;
            /** Verb */
            verb: string;
        };
        /** Exists */
        Exists: {
            /** Exists */
            exists: boolean;
            /** User Id */
            user_id: number;
            /** Username */
            username: string;
        };
        /**
         * Expecting
         * @description `expected_updated_at` is what the caller knows as the part's `updated_at`; `If-Match` does the same.
         */
        Expecting: {
            /** Expected Updated At */
            expected_updated_at?: string | null;
        };
        /** Extension */
        Extension: {
            /** Minutes */
            minutes: number;
        };
        /**
         * Feed
         * @description `created_at` is that of the secret address; null where there is none.
         */
        Feed: {
            /** Created At */
            created_at: string | null;
            /** Everything */
            everything: boolean;
        };
        /** FeedAddress */
        FeedAddress: {
            /** Url */
            url: string;
        };
        /** FeedWish */
        FeedWish: {
            /**
             * Everything
             * @default false
             */
            everything: boolean;
        };
        /**
         * Figures
         * @description Solids and faces are those that the STEP file defines; the rest is measured on the model, so it is approximate
         *     where surfaces are curved.
         */
        Figures: {
            /** Area Mm2 */
            area_mm2?: number | null;
            bounding_box?: components["schemas"]["BoundingBox"] | null;
            /** Faces */
            faces: number;
            /** Is Approximate */
            is_approximate?: boolean | null;
            /** Solids */
            solids: number;
            /** Triangles */
            triangles?: number | null;
            /** Volume Mm3 */
            volume_mm3?: number | null;
        };
        /**
         * FileDetails
         * @description A file with its details. `versions`, `locks` and `audit_logs` are present if they were requested.
         */
        FileDetails: {
            /** Audit Logs */
            audit_logs?: components["schemas"]["AuditRead"][] | null;
            current_version: components["schemas"]["VersionRead"] | null;
            file: components["schemas"]["FileRead"];
            /** Locks */
            locks?: components["schemas"]["DocumentLock"][] | null;
            /** Versions */
            versions?: components["schemas"]["VersionRead"][] | null;
        };
        /** FileList */
        FileList: {
            /** Files */
            files: components["schemas"]["ListedFile"][];
            pagination: components["schemas"]["Pagination"];
        };
        /**
         * FileMetadata
         * @description Earlier clients read the fields either at the top or in `data`.
         */
        FileMetadata: {
            /** Audit Logs */
            audit_logs?: components["schemas"]["AuditRead"][] | null;
            current_version: components["schemas"]["VersionRead"] | null;
            data: components["schemas"]["FileDetails"];
            file: components["schemas"]["FileRead"];
            /** Locks */
            locks?: components["schemas"]["DocumentLock"][] | null;
            /**
             * Status
             * @constant
             */
            status: "success";
            /** Versions */
            versions?: components["schemas"]["VersionRead"][] | null;
        };
        /**
         * FileRead
         * @description A file. `damaged` means that its stored tags cannot be read, so `tags` is empty.
         */
        FileRead: {
            /** Bucket */
            bucket: string;
            /** Bucket Id */
            bucket_id: string;
            /** Bucket Type */
            bucket_type: string;
            /** Created At */
            created_at: string;
            /** Current Version Id */
            current_version_id: string | null;
            /** Damaged */
            damaged: boolean;
            /** File Id */
            file_id: string;
            /** Filename */
            filename: string;
            /** Id */
            id: string;
            /** Is Deleted */
            is_deleted: boolean;
            /** Locked */
            locked: boolean;
            /** Locked At */
            locked_at: string | null;
            /** Locked By */
            locked_by: string | null;
            /** Locked By Name */
            locked_by_name: string | null;
            /** Logical Path */
            logical_path: string;
            /** Mime Type */
            mime_type: string | null;
            /** Name */
            name: string;
            /** Owner Id */
            owner_id: string;
            /** Owner Name */
            owner_name: string | null;
            /** Path */
            path: string;
            /** Size */
            size: number;
            /** Source File Id */
            source_file_id: string | null;
            /** Status */
            status: string;
            /** Tags */
            tags: {
                [key: string]: unknown;
            };
            /** Updated At */
            updated_at: string;
            /** Version */
            version: number;
        };
        /** FolderEntry */
        FolderEntry: {
            /** Created At */
            created_at: string;
            /** Name */
            name: string;
            /** Path */
            path: string;
        };
        /**
         * FolderList
         * @description The content of a folder. `can` names what the caller may do here: write, delete, lock, validate.
         */
        FolderList: {
            /** Can */
            can: string[];
            /** Files */
            files: components["schemas"]["ListedFile"][];
            /** Folders */
            folders: components["schemas"]["FolderEntry"][];
            /** Path */
            path: string;
        };
        /** FolderRequest */
        FolderRequest: {
            /**
             * Bucket
             * @default null
             */
            bucket: string | null;
            /**
             * Bucket Id
             * @default null
             */
            bucket_id: string | null;
            /**
             * Bucket Type
             * @default null
             */
            bucket_type: string | null;
            /**
             * File Id
             * @default null
             */
            file_id: string | null;
            /**
             * Id
             * @default null
             */
            id: string | null;
            /**
             * Logical Path
             * @default null
             */
            logical_path: string | null;
            /**
             * Path
             * @default null
             */
            path: string | null;
        };
        /** ForceReleaseRequest */
        ForceReleaseRequest: {
            /** Reason */
            reason: string;
        };
        /**
         * FoundList
         * @description Files that match a search. `buckets` are the buckets of `files`; `warnings` says why files may be missing:
         *     `project_service_unavailable`, or `partial_answer` where `next_cursor` leads to more.
         */
        FoundList: {
            /** Buckets */
            buckets: components["schemas"]["Shelf"][];
            /** Files */
            files: components["schemas"]["FileRead"][];
            /** Next Cursor */
            next_cursor: string | null;
            /** Warnings */
            warnings: string[];
        };
        /** GatewayDashboard */
        GatewayDashboard: {
            /** Auth Url */
            auth_url: string;
            /** Username */
            username: string;
        };
        /**
         * GroupRoleRead
         * @description A role that comes from a group at the sign-in provider. `own_role` was given by hand, and stays without the
         *     group.
         */
        GroupRoleRead: {
            /** Granted At */
            granted_at: string;
            /** Group */
            group: string;
            /** Name */
            name: string;
            /** Own Role */
            own_role: string | null;
            /** Role */
            role: string;
            /**
             * What
             * @enum {string}
             */
            what: "admin" | "company" | "project";
        };
        /** Guest */
        Guest: {
            /** May Control */
            may_control: boolean;
            /** Username */
            username: string;
        };
        /** Guests */
        Guests: {
            /** Guests */
            guests: components["schemas"]["Guest"][];
        };
        /**
         * HeldLock
         * @description A lock. `holder_disabled`: the holder's account is disabled, so they cannot release it.
         */
        HeldLock: {
            /** Asset Path */
            asset_path: string;
            /** Branch */
            branch: string;
            /** Comment */
            comment: string | null;
            /** Expires At */
            expires_at: string | null;
            /** Fence */
            fence: number;
            /** Holder Disabled */
            holder_disabled: boolean;
            /** Id */
            id: number;
            /** Locked By */
            locked_by: string;
            /** Project */
            project: string;
            /** Timestamp */
            timestamp: string;
            /** Upstream Branch */
            upstream_branch?: string | null;
        };
        /** HeldMachine */
        HeldMachine: {
            /** Fence */
            fence: number;
            /** Host */
            host: string | null;
            /** Host Key */
            host_key: string | null;
            jump: components["schemas"]["JumpHost"] | null;
            /** Machine */
            machine: string;
            /** Port */
            port: number | null;
            /** Problem */
            problem: string | null;
            /** Reservation Id */
            reservation_id: number;
            /** State */
            state: string;
        };
        /** History */
        History: {
            /** Holds */
            holds: components["schemas"]["PastHold"][];
        };
        /** HostKey */
        HostKey: {
            /** Host Key */
            host_key: string;
        };
        /** Hours */
        Hours: {
            /** Average */
            average: number | null;
            /** Distribution */
            distribution: {
                [key: string]: number;
            };
        };
        /** Imported */
        Imported: {
            /** Added */
            added: string[];
            /** Existing */
            existing: string[];
            /** Skipped */
            skipped: components["schemas"]["Skipped"][];
        };
        /** ImportedParts */
        ImportedParts: {
            /** Added */
            added: number;
            /** Ids */
            ids: number[];
        };
        /**
         * Inventory
         * @description An inventory file. A longer one is sent in parts: machines that are there already are left out.
         */
        Inventory: {
            /**
             * Format
             * @default yaml
             * @enum {string}
             */
            format: "yaml" | "csv";
            /** Text */
            text: string;
        };
        /**
         * Invitation
         * @description `may_control`: may ask for pointer and keyboard, and be given them.
         */
        Invitation: {
            /**
             * May Control
             * @default false
             */
            may_control: boolean;
        };
        /**
         * JumpHost
         * @description The machine by way of which another is reached. Having that one gives nobody an account here.
         */
        JumpHost: {
            /** Host */
            host: string;
            /** Host Key */
            host_key: string | null;
            /** Machine */
            machine: string;
            /** Port */
            port: number;
        };
        /**
         * KeyScopeRead
         * @description A scope that an API key may have; `text` says what a key with it may do.
         */
        KeyScopeRead: {
            /** Name */
            name: string;
            /** Text */
            text: string;
        };
        /** Known */
        Known: {
            /** Exists */
            exists: boolean;
            /** User Id */
            user_id: number;
            /** Username */
            username: string;
        };
        /** Leaderboard */
        Leaderboard: {
            /** Leaderboard */
            leaderboard: components["schemas"]["Score"][];
        };
        /** LfsBatch */
        LfsBatch: {
            /**
             * Hash Algo
             * @constant
             */
            hash_algo: "sha256";
            /** Objects */
            objects: {
                [key: string]: unknown;
            }[];
            /**
             * Transfer
             * @constant
             */
            transfer: "basic";
        };
        /** LfsBatchRequest */
        LfsBatchRequest: {
            /**
             * Hash Algo
             * @default sha256
             */
            hash_algo: string;
            /** Objects */
            objects: components["schemas"]["ObjectName"][];
            /**
             * Operation
             * @enum {string}
             */
            operation: "upload" | "download";
            /** @default null */
            ref: components["schemas"]["LfsRef"] | null;
            /**
             * Transfers
             * @default [
             *       "basic"
             *     ]
             */
            transfers: string[];
        };
        /** LfsLock */
        LfsLock: {
            /** Id */
            id: string;
            /** Locked At */
            locked_at: string;
            owner: components["schemas"]["LfsOwner"];
            /** Path */
            path: string;
        };
        /** LfsLockChanged */
        LfsLockChanged: {
            lock: components["schemas"]["LfsLock"];
        };
        /** LfsLockList */
        LfsLockList: {
            /** Locks */
            locks: components["schemas"]["LfsLock"][];
            /** Next Cursor */
            next_cursor?: string | null;
        };
        /** LfsLockRequest */
        LfsLockRequest: {
            /** Path */
            path: string;
            /** @default null */
            ref: components["schemas"]["LfsRef"] | null;
        };
        /** LfsOwner */
        LfsOwner: {
            /** Name */
            name: string;
        };
        /** LfsRef */
        LfsRef: {
            /**
             * Name
             * @default
             */
            name: string;
        };
        /** LfsRefused */
        LfsRefused: {
            /** Message */
            message: string;
            /** Request Id */
            request_id: string;
        };
        /** LfsUnlockRequest */
        LfsUnlockRequest: {
            /**
             * Force
             * @default false
             */
            force: boolean;
            /** @default null */
            ref: components["schemas"]["LfsRef"] | null;
        };
        /** LfsVerifiableLocks */
        LfsVerifiableLocks: {
            /** Next Cursor */
            next_cursor?: string | null;
            /** Ours */
            ours: components["schemas"]["LfsLock"][];
            /** Theirs */
            theirs: components["schemas"]["LfsLock"][];
        };
        /** LfsVerifyRequest */
        LfsVerifyRequest: {
            /**
             * Cursor
             * @default
             */
            cursor: string;
            /**
             * Limit
             * @default 0
             */
            limit: number;
            /** @default null */
            ref: components["schemas"]["LfsRef"] | null;
        };
        /**
         * ListedFile
         * @description A file in a list. `version_status` is that of its current version, null if it has none.
         */
        ListedFile: {
            /** Bucket */
            bucket: string;
            /** Bucket Id */
            bucket_id: string;
            /** Bucket Type */
            bucket_type: string;
            /** Created At */
            created_at: string;
            /** Current Version Id */
            current_version_id: string | null;
            /** Damaged */
            damaged: boolean;
            /** File Id */
            file_id: string;
            /** Filename */
            filename: string;
            /** Id */
            id: string;
            /** Is Deleted */
            is_deleted: boolean;
            /** Locked */
            locked: boolean;
            /** Locked At */
            locked_at: string | null;
            /** Locked By */
            locked_by: string | null;
            /** Locked By Name */
            locked_by_name: string | null;
            /** Logical Path */
            logical_path: string;
            /** Mime Type */
            mime_type: string | null;
            /** Name */
            name: string;
            /** Owner Id */
            owner_id: string;
            /** Owner Name */
            owner_name: string | null;
            /** Path */
            path: string;
            /** Size */
            size: number;
            /** Source File Id */
            source_file_id: string | null;
            /** Status */
            status: string;
            /** Tags */
            tags: {
                [key: string]: unknown;
            };
            /** Updated At */
            updated_at: string;
            /** Version */
            version: number;
            /** Version Status */
            version_status: string | null;
        };
        /** LockChanged */
        LockChanged: {
            lock: components["schemas"]["AssetLock"];
            /** Msg */
            msg: string;
        };
        /**
         * LockList
         * @description `warnings` says why locks may be missing: `project_service_unavailable`.
         */
        LockList: {
            data: components["schemas"]["Locks"];
            /** Status */
            status: string;
            /** Warnings */
            warnings: string[];
        };
        /**
         * LockQueued
         * @description The path is held, and the caller waits in its queue. `held` has the same form as in a refusal; the place is
         *     described as by `POST /claims/{fence}/queue`.
         */
        LockQueued: {
            /** Confirm Seconds */
            confirm_seconds: number | null;
            /** Held */
            held: {
                [key: string]: unknown;
            };
            /** Lease Seconds */
            lease_seconds: number | null;
            /** Msg */
            msg: string;
            /** Position */
            position: number;
            /** Until */
            until: string | null;
            /** Waiter Id */
            waiter_id: string;
        };
        /** Locks */
        Locks: {
            /** Locks */
            locks: components["schemas"]["DocumentLock"][];
            /** Total */
            total: number;
        };
        /** LoginAnswer */
        LoginAnswer: {
            /** Access Token */
            access_token: string;
            /** Expires In */
            expires_in: number | null;
            /**
             * Token Type
             * @default Bearer
             * @constant
             */
            token_type: "Bearer";
            /** Username */
            username: string;
        };
        /**
         * LoginRequest
         * @description `otp` is a code of the person's app, or a recovery code, if they have two-step sign-in.
         */
        LoginRequest: {
            /** Otp */
            otp?: string | null;
            /** Password */
            password?: string | null;
            /** Username */
            username?: string | null;
        };
        /**
         * MachineChange
         * @description What is to be changed; what is left out stays.
         */
        MachineChange: {
            /** Enabled */
            enabled?: boolean | null;
            /** Homes */
            homes?: ("wipe" | "archive") | null;
            /** Host */
            host?: string | null;
            /** Jump */
            jump?: string | null;
            /** Password */
            password?: string | null;
            /** Port */
            port?: number | null;
            /** Private Key */
            private_key?: string | null;
            /** Reset */
            reset?: string | null;
            /** Scope */
            scope?: string | null;
            /** Sudo */
            sudo?: boolean | null;
            /** Tags */
            tags?: string[] | null;
            /** User */
            user?: string | null;
        };
        /**
         * MachineOutput
         * @description The same of one machine of a reservation: of what was done last for this reservation.
         */
        MachineOutput: {
            /** At */
            at: string | null;
            /** Machine */
            machine: string;
            /** Output */
            output: string;
            /** Problem */
            problem: string | null;
            /** What */
            what: string | null;
        };
        /**
         * MachinePage
         * @description `next` is what to give as `after` for the next page; null on the last.
         */
        MachinePage: {
            /** Machines */
            machines: components["schemas"]["MachineRead"][];
            /** Next */
            next: string | null;
        };
        /**
         * MachineRead
         * @description A machine. `state` is one word for what it is doing; `reason` says why it is in maintenance or quarantine. One
         *     that is held may be in maintenance already: nobody gets it afterwards.
         */
        MachineRead: {
            /** Checked At */
            checked_at: string | null;
            /** Enabled */
            enabled: boolean;
            /** Facts */
            facts: {
                [key: string]: unknown;
            };
            /** Fence */
            fence: number | null;
            /** Has Key */
            has_key: boolean;
            /** Has Password */
            has_password: boolean;
            /** Holder */
            holder: string | null;
            /** Homes */
            homes: ("wipe" | "archive") | null;
            /** Host */
            host: string;
            /** Host Key */
            host_key: string | null;
            /** Jump */
            jump: string | null;
            /** Login */
            login: string | null;
            /** Maintenance */
            maintenance: boolean;
            /** Name */
            name: string;
            next_booking: components["schemas"]["NextBooking"] | null;
            /** Offered Host Key */
            offered_host_key: string | null;
            /** Online */
            online: boolean | null;
            /** Own Tags */
            own_tags: string[];
            /** Port */
            port: number;
            /** Reason */
            reason: string | null;
            /** Reservation */
            reservation: string | null;
            /** Reserved Until */
            reserved_until: string | null;
            /** Reset */
            reset: string | null;
            /** Scope */
            scope: string;
            /**
             * State
             * @enum {string}
             */
            state: "free" | "held" | "preparing" | "cleaning" | "promised" | "maintenance" | "quarantined" | "disabled";
            /** Sudo */
            sudo: boolean;
            /** Tags */
            tags: string[];
            /** User */
            user: string;
        };
        /**
         * MachineShown
         * @description A machine as the contract's clients see it.
         */
        MachineShown: {
            /** Host */
            host: string;
            /** Name */
            name: string;
            /** Port */
            port: number;
            /** Reserved */
            reserved: boolean;
            /** Reserved By */
            reserved_by: string | null;
            /** Reserved Until */
            reserved_until: string | null;
            /** User */
            user: string;
        };
        /** MailTestResult */
        MailTestResult: {
            /** Msg */
            msg: string;
            /**
             * Status
             * @enum {string}
             */
            status: "SUCCESS" | "FAILED" | "SKIPPED";
        };
        /** Maker */
        Maker: {
            /** Completed */
            completed: number;
            /** Made */
            made: number;
            /** Name */
            name: string;
        };
        /** MaterialChange */
        MaterialChange: {
            /**
             * Name
             * @default
             */
            name: string;
            /** Note */
            note?: string | null;
            /**
             * On Hand
             * @default 0
             */
            on_hand: number;
            /** Unit */
            unit?: string | null;
        };
        /** MaterialNeed */
        MaterialNeed: {
            /** Material Id */
            material_id: number;
            /** Quantity */
            quantity: number;
        };
        /** MaterialRead */
        MaterialRead: {
            /** Free */
            free: number;
            /** Id */
            id: number;
            /** Name */
            name: string;
            /** Note */
            note: string | null;
            /** On Hand */
            on_hand: number;
            /** Reserved */
            reserved: number;
            /** Unit */
            unit: string | null;
        };
        /** Materials */
        Materials: {
            /** Materials */
            materials: components["schemas"]["MaterialRead"][];
        };
        /** Message */
        Message: {
            /** Msg */
            msg: string;
        };
        /** MiscInfo */
        MiscInfo: {
            /**
             * Miscinfo
             * @default null
             */
            miscInfo: {
                [key: string]: unknown;
            } | null;
        };
        /**
         * ModelConversion
         * @description What became of a STEP file. `reason` says why there is no model, or not yet.
         */
        ModelConversion: {
            figures: components["schemas"]["Figures"] | null;
            /** Problem */
            problem: string | null;
            /** Reason */
            reason: string | null;
            /**
             * State
             * @enum {string}
             */
            state: "pending" | "running" | "done" | "failed";
            /** Thumbnail */
            thumbnail: boolean;
        };
        /** Move */
        Move: {
            /** Place */
            place: number;
            /** Reason */
            reason: string;
        };
        /** MoveRequest */
        MoveRequest: {
            /**
             * Bucket
             * @default null
             */
            bucket: string | null;
            /**
             * Bucket Id
             * @default null
             */
            bucket_id: string | null;
            /**
             * Bucket Type
             * @default null
             */
            bucket_type: string | null;
            /**
             * File Id
             * @default null
             */
            file_id: string | null;
            /**
             * Id
             * @default null
             */
            id: string | null;
            /**
             * Logical Path
             * @default null
             */
            logical_path: string | null;
            /**
             * Path
             * @default null
             */
            path: string | null;
            /** Target Path */
            target_path: string;
        };
        /**
         * NewAccess
         * @description The holder's own keys and password from now on; what is left out is taken away. Whether certificates are
         *     accepted stays as it is unless it is said.
         */
        NewAccess: {
            /** Certificate */
            certificate?: boolean | null;
            /** Password */
            password?: string | null;
            /**
             * Public Keys
             * @default []
             */
            public_keys: string[];
        };
        /** NewAccount */
        NewAccount: {
            /**
             * Is Admin
             * @default false
             */
            is_admin: boolean;
            /** Password */
            password?: string | null;
            /** Username */
            username?: string | null;
        };
        /**
         * NewApiKey
         * @description An API key to create. Without `scopes` it may only read.
         */
        NewApiKey: {
            /** Expires In Days */
            expires_in_days?: number | null;
            /** Name */
            name: string;
            /**
             * Scopes
             * @default [
             *       "read"
             *     ]
             */
            scopes: string[];
        };
        /** NewCompanyRole */
        NewCompanyRole: {
            /**
             * Role
             * @enum {string}
             */
            role: "owner" | "member";
        };
        /**
         * NewMachine
         * @description The five fields of the contract, and ours: a key in place of the password, and how to reach the machine.
         */
        NewMachine: {
            /**
             * Enabled
             * @default true
             */
            enabled: boolean;
            /** Homes */
            homes?: ("wipe" | "archive") | null;
            /** Host */
            host?: string | null;
            /** Jump */
            jump?: string | null;
            /** Name */
            name?: string | null;
            /** Password */
            password?: string | null;
            /** Port */
            port?: number | string | null;
            /** Private Key */
            private_key?: string | null;
            /** Reset */
            reset?: string | null;
            /**
             * Scope
             * @default
             */
            scope: string;
            /**
             * Sudo
             * @default false
             */
            sudo: boolean;
            /**
             * Tags
             * @default []
             */
            tags: string[];
            /** User */
            user?: string | null;
        };
        /** NewMaterial */
        NewMaterial: {
            /** Name */
            name: string;
            /** Note */
            note?: string | null;
            /**
             * On Hand
             * @default 0
             */
            on_hand: number;
            /** Project */
            project?: string | null;
            /** Unit */
            unit?: string | null;
        };
        /** NewPart */
        NewPart: {
            /**
             * Amount
             * @default 1
             */
            amount: number;
            /** Due At */
            due_at?: string | null;
            /** Material */
            material: string;
            /** Material Thickness */
            material_thickness?: string | null;
            /**
             * Materials
             * @default []
             */
            materials: components["schemas"]["MaterialNeed"][];
            /** Misc Info */
            misc_info?: {
                [key: string]: unknown;
            } | null;
            /** Name */
            name?: string | null;
            /** Notes */
            notes?: string | null;
            /** Onshape Url */
            onshape_url?: string | null;
            /** Part Number */
            part_number?: string | null;
            /**
             * Priority
             * @default 0
             */
            priority: number;
            /** Project */
            project?: string | null;
            /**
             * Steps
             * @default []
             */
            steps: components["schemas"]["NewStep"][];
            /** Subsystem */
            subsystem: string;
            /** Type */
            type?: ("cnc" | "hand" | "misc") | null;
        };
        /**
         * NewPerson
         * @description Somebody who will come from the provider as `sub`.
         */
        NewPerson: {
            /**
             * Is Admin
             * @default false
             */
            is_admin: boolean;
            /**
             * Sub
             * @default null
             */
            sub: string | null;
            /**
             * Username
             * @default null
             */
            username: string | null;
        };
        /** NewProject */
        NewProject: {
            /** Company Id */
            company_id?: string | null;
            /** Name */
            name: string;
        };
        /** NewProjectRole */
        NewProjectRole: {
            /**
             * Role
             * @enum {string}
             */
            role: "owner" | "admin" | "member" | "viewer";
        };
        /** NewResource */
        NewResource: {
            /** Board */
            board?: ("cnc" | "hand" | "misc") | null;
            /**
             * Is Active
             * @default true
             */
            is_active: boolean;
            /**
             * Kind
             * @enum {string}
             */
            kind: "machine" | "vendor";
            /** Name */
            name: string;
            /** Note */
            note?: string | null;
            /** Project */
            project?: string | null;
        };
        /** NewStep */
        NewStep: {
            /**
             * Board
             * @enum {string}
             */
            board: "cnc" | "hand" | "misc";
            /** Id */
            id?: number | null;
            /** Note */
            note?: string | null;
            /** Person */
            person?: string | null;
            /** Process */
            process: string;
            /** Resource Id */
            resource_id?: number | null;
        };
        /**
         * NewToken
         * @description An API token to create.
         */
        NewToken: {
            /**
             * Description
             * @default null
             */
            description: string | null;
            /**
             * Expires In Days
             * @default 30
             */
            expires_in_days: number;
            /** Name */
            name: string;
        };
        /** NewUser */
        NewUser: {
            /** Email */
            email: string;
            /**
             * Is Admin
             * @default false
             */
            is_admin: boolean;
            /** Password */
            password: string;
            /** Username */
            username: string;
        };
        /** NewUsername */
        NewUsername: {
            /** Username */
            username: string;
        };
        /**
         * NewWatch
         * @description What to watch: `path` and all below it; without it, all things of `kind` in `scope` (`project:game`).
         */
        NewWatch: {
            /** Kind */
            kind: string;
            /**
             * Path
             * @default
             */
            path: string;
            /** Scope */
            scope: string;
        };
        /** NextBooking */
        NextBooking: {
            /**
             * Ends At
             * Format: date-time
             */
            ends_at: string;
            /** Holder */
            holder: string;
            /**
             * Starts At
             * Format: date-time
             */
            starts_at: string;
        };
        /** NextPart */
        NextPart: {
            /** Amount */
            amount: number;
            /** Assigned */
            assigned: string | null;
            /** Author */
            author: string | null;
            blocked: components["schemas"]["Said"] | null;
            /** Category */
            category: string;
            claim: components["schemas"]["PartClaim"] | null;
            /** Claimed At */
            claimed_at: string | null;
            /** Completed At */
            completed_at: string | null;
            conversion: components["schemas"]["ModelConversion"] | null;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Due At */
            due_at: string | null;
            /** File */
            file: string | null;
            /** Files */
            files?: components["schemas"]["PartFileRead"][] | null;
            /** Id */
            id: number;
            /** Last Step */
            last_step: ("inspected" | "picked_up") | null;
            last_step_done: components["schemas"]["DoneBy"] | null;
            /** Material */
            material: string;
            /** Material Thickness */
            material_thickness: string | null;
            /** Materials */
            materials?: components["schemas"]["PartMaterialRead"][] | null;
            /** Misc Info */
            misc_info: {
                [key: string]: unknown;
            } | null;
            /** Name */
            name: string | null;
            /** Notes */
            notes: string | null;
            /** Onshape Url */
            onshape_url: string | null;
            /** Part Number */
            part_number: string;
            /** Priority */
            priority: number;
            /** Project */
            project: string;
            quantities: components["schemas"]["Quantities"];
            /** Reviewer */
            reviewer: string | null;
            /** Revision */
            revision: number;
            /** Revision Label */
            revision_label: string | null;
            rework: components["schemas"]["Said"] | null;
            /** Status */
            status: string;
            step: components["schemas"]["StepRead"] | null;
            /** Steps */
            steps?: components["schemas"]["StepRead"][] | null;
            /** Subsystem */
            subsystem: string;
            /** Thumbnail */
            thumbnail: boolean;
            /** Type */
            type: string | null;
            /**
             * Updated At
             * Format: date-time
             */
            updated_at: string;
            /** Version */
            version: number;
            /** Why */
            why: string;
        };
        /** NextParts */
        NextParts: {
            /** Parts */
            parts: components["schemas"]["NextPart"][];
        };
        /** NotifyRequest */
        NotifyRequest: {
            /**
             * Message
             * @default null
             */
            message: string | null;
            /**
             * Project
             * @default null
             */
            project: string | null;
        };
        /**
         * ObjectName
         * @description An object as requested, not yet validated: one invalid name must not prevent answers about the others.
         */
        ObjectName: {
            /** Oid */
            oid: string;
            /** Size */
            size: number;
        };
        /** OidcAnswer */
        OidcAnswer: {
            /** Expires In */
            expires_in: number | null;
            /** Token */
            token: string;
            user: components["schemas"]["OidcUser"];
        };
        /** OidcCallback */
        OidcCallback: {
            /**
             * Code
             * @default null
             */
            code: string | null;
            /**
             * State
             * @default null
             */
            state: string | null;
        };
        /** OidcDeparture */
        OidcDeparture: {
            /** Authorization Url */
            authorization_url: string;
        };
        /** OidcUser */
        OidcUser: {
            /** Email */
            email: string;
            /** Id */
            id: number;
            /** Is Admin */
            is_admin: boolean;
            /** Username */
            username: string;
        };
        /** OneConnection */
        OneConnection: {
            /** Created At */
            created_at: string;
            /** Created By */
            created_by: string;
            /** Desktop Configuration Id */
            desktop_configuration_id: number | null;
            /** Desktop Configuration Name */
            desktop_configuration_name: string | null;
            /** External Pvc */
            external_pvc: string | null;
            /** Guacamole Connection Id */
            guacamole_connection_id?: number | null;
            /** Id */
            id: number;
            /** Is Stopped */
            is_stopped: boolean;
            /** Name */
            name: string;
            /** Persistent Home */
            persistent_home: boolean;
        };
        /** OneToken */
        OneToken: {
            token: components["schemas"]["TokenRead"];
        };
        /** OnshapeDisconnected */
        OnshapeDisconnected: {
            /** Message */
            message: string;
            /** Success */
            success: boolean;
        };
        /**
         * OnshapeSignIn
         * @description `return_to` is the path of the page to come back to, which is told in its query how it went: `onshape=connected`,
         *     or a word for what went wrong.
         */
        OnshapeSignIn: {
            /** Return To */
            return_to?: string | null;
        };
        /**
         * OnshapeStatus
         * @description `user` and `authenticated_at` are there if `connected`.
         */
        OnshapeStatus: {
            /** Authenticated At */
            authenticated_at?: string | null;
            /** Connected */
            connected: boolean;
            user?: components["schemas"]["OnshapeUser"] | null;
        };
        /** OnshapeUser */
        OnshapeUser: {
            /** Email */
            email: string | null;
            /** Id */
            id: string | null;
            /** Name */
            name: string | null;
        };
        /** OtpCode */
        OtpCode: {
            /** Otp */
            otp: string;
        };
        /**
         * OtpEnrolment
         * @description What the app is told, by QR code (`uri`) or typed (`secret`). It cannot be shown again.
         */
        OtpEnrolment: {
            /** Secret */
            secret: string;
            /** Uri */
            uri: string;
        };
        /**
         * OtpState
         * @description Whether two-step sign-in is on, and since when. `is_available` is false for accounts without a password;
         *     `is_required` is true where the server asks it of this person.
         */
        OtpState: {
            /** Enabled */
            enabled: boolean;
            /** Enabled At */
            enabled_at: string | null;
            /** Is Available */
            is_available: boolean;
            /** Is Required */
            is_required: boolean;
            /** Recovery Codes Left */
            recovery_codes_left: number;
        };
        /** Pagination */
        Pagination: {
            /** Limit */
            limit: number;
            /** Page */
            page: number;
            /** Total Items */
            total_items: number;
            /** Total Pages */
            total_pages: number;
        };
        /**
         * PartChange
         * @description Fields that are left out stay.
         */
        PartChange: {
            /**
             * Amount
             * @default 1
             */
            amount: number;
            /** Due At */
            due_at?: string | null;
            /** Expected Updated At */
            expected_updated_at?: string | null;
            /**
             * Material
             * @default
             */
            material: string;
            /** Material Thickness */
            material_thickness?: string | null;
            /** Misc Info */
            misc_info?: {
                [key: string]: unknown;
            } | null;
            /** Name */
            name?: string | null;
            /** Notes */
            notes?: string | null;
            /** Onshape Url */
            onshape_url?: string | null;
            /**
             * Part Number
             * @default
             */
            part_number: string;
            /**
             * Priority
             * @default 0
             */
            priority: number;
            /**
             * Subsystem
             * @default
             */
            subsystem: string;
            /** Type */
            type?: ("cnc" | "hand" | "misc") | null;
        };
        /** PartClaim */
        PartClaim: {
            /** Expires At */
            expires_at: string | null;
            /** Fence */
            fence: number;
            /** Holder */
            holder: string;
            /** Recheck */
            recheck: boolean;
            /** Revision */
            revision: number | null;
        };
        /** PartEvent */
        PartEvent: {
            /** Actor */
            actor: string | null;
            /**
             * At
             * Format: date-time
             */
            at: string;
            /** Data */
            data: {
                [key: string]: unknown;
            };
            /** Seq */
            seq: number;
            /** Verb */
            verb: string;
        };
        /**
         * PartFields
         * @description Fields of a part; `part_id`, `material_thickness`, `onshape_url` and `misc_info` are accepted too.
         */
        PartFields: {
            /**
             * Amount
             * @default null
             */
            amount: number | string | null;
            /**
             * Assigned
             * @default null
             */
            assigned: string | null;
            /**
             * Category
             * @default null
             */
            category: string | null;
            /**
             * File
             * @default null
             */
            file: string | null;
            /**
             * Material
             * @default null
             */
            material: string | null;
            /**
             * Materialthickness
             * @default null
             */
            materialThickness: string | null;
            /**
             * Miscinfo
             * @default null
             */
            miscInfo: {
                [key: string]: unknown;
            } | null;
            /**
             * Name
             * @default null
             */
            name: string | null;
            /**
             * Notes
             * @default null
             */
            notes: string | null;
            /**
             * Onshapeurl
             * @default null
             */
            onshapeUrl: string | null;
            /**
             * Partid
             * @default null
             */
            partId: string | null;
            /**
             * Status
             * @default null
             */
            status: string | null;
            /**
             * Subsystem
             * @default null
             */
            subsystem: string | null;
            /**
             * Type
             * @default null
             */
            type: string | null;
        };
        /**
         * PartFileRead
         * @description `label` is the letter of an approved revision.
         */
        PartFileRead: {
            /** Approved At */
            approved_at: string | null;
            /** Approved By */
            approved_by: string | null;
            /**
             * At
             * Format: date-time
             */
            at: string;
            /** By */
            by: string | null;
            conversion: components["schemas"]["ModelConversion"] | null;
            /** Id */
            id: number;
            /** Is Current */
            is_current: boolean;
            /** Kind */
            kind: string;
            /** Label */
            label: string | null;
            /** Name */
            name: string;
            /** Note */
            note: string | null;
            /** Revision */
            revision: number;
            /** Sha256 */
            sha256: string;
            /** Size */
            size: number;
        };
        /** PartHistory */
        PartHistory: {
            /** Events */
            events: components["schemas"]["PartEvent"][];
        };
        /** PartMaterialRead */
        PartMaterialRead: {
            /** Id */
            id: number;
            /** Name */
            name: string;
            /** Quantity */
            quantity: number;
            /**
             * State
             * @enum {string}
             */
            state: "reserved" | "used";
            /** Unit */
            unit: string | null;
        };
        /** PartMaterials */
        PartMaterials: {
            /** Expected Updated At */
            expected_updated_at?: string | null;
            /** Materials */
            materials: components["schemas"]["MaterialNeed"][];
        };
        /** PartNote */
        PartNote: {
            /** Expected Updated At */
            expected_updated_at?: string | null;
            /** Note */
            note?: string | null;
        };
        /** PartReason */
        PartReason: {
            /** Expected Updated At */
            expected_updated_at?: string | null;
            /** Reason */
            reason?: string | null;
        };
        /** PartReasonNeeded */
        PartReasonNeeded: {
            /** Expected Updated At */
            expected_updated_at?: string | null;
            /** Reason */
            reason: string;
        };
        /** PartRemoved */
        PartRemoved: {
            /** Message */
            message: string;
        };
        /** PartSteps */
        PartSteps: {
            /** Expected Updated At */
            expected_updated_at?: string | null;
            /** Steps */
            steps: components["schemas"]["NewStep"][];
        };
        /** Passing */
        Passing: {
            /** To */
            to: string;
        };
        /** Password */
        Password: {
            /** Password */
            password: string;
        };
        /** PasswordAndOtp */
        PasswordAndOtp: {
            /** Current Password */
            current_password: string;
            /** Otp */
            otp: string;
        };
        /**
         * PasswordChange
         * @description A new password. `end_api_keys`: also revoke all one's API keys when the password changes.
         */
        PasswordChange: {
            /** Current Password */
            current_password: string;
            /**
             * End Api Keys
             * @default false
             */
            end_api_keys: boolean;
            /** New Password */
            new_password: string;
        };
        /**
         * PasswordReset
         * @description A new password for a user. `end_api_keys`: also revoke all the person's API keys.
         */
        PasswordReset: {
            /**
             * End Api Keys
             * @default false
             */
            end_api_keys: boolean;
            /** New Password */
            new_password: string;
        };
        /** PastHold */
        PastHold: {
            /** Ended At */
            ended_at: string | null;
            /** Holder */
            holder: string;
            /** Login */
            login: string;
            /** Reason */
            reason: string | null;
            /** Removed At */
            removed_at: string | null;
            /** Reservation */
            reservation: string;
            /** Reservation Id */
            reservation_id: number;
            /**
             * Started At
             * Format: date-time
             */
            started_at: string;
            /** State */
            state: string;
        };
        /** Person */
        Person: {
            /** Username */
            username: string;
            /** Uuid */
            uuid: string;
        };
        /**
         * PersonChange
         * @description What to change of a person; what is absent stays, null clears the organization.
         */
        PersonChange: {
            /**
             * Email
             * @default null
             */
            email: string | null;
            /**
             * Is Admin
             * @default null
             */
            is_admin: boolean | null;
            /**
             * Organization
             * @default null
             */
            organization: string | null;
        };
        /** PersonChanged */
        PersonChanged: {
            /** Message */
            message: string;
            user: components["schemas"]["DirectoryEntry"];
        };
        /** PersonMade */
        PersonMade: {
            /** Created At */
            created_at: string;
            /** Id */
            id: number;
            /** Is Admin */
            is_admin: boolean;
            /**
             * Message
             * @default User created successfully. User details will be filled from OIDC during first login.
             */
            message: string;
            /** Username */
            username: string;
        };
        /** Pieces */
        Pieces: {
            /** Made */
            made: number;
            /** Scrapped */
            scrapped: number;
            /** Wanted */
            wanted: number;
        };
        /** PresignDownload */
        PresignDownload: {
            /**
             * Bucket
             * @default null
             */
            bucket: string | null;
            /**
             * Bucket Id
             * @default null
             */
            bucket_id: string | null;
            /**
             * Bucket Type
             * @default null
             */
            bucket_type: string | null;
            /**
             * Expires In
             * @default 3600
             */
            expires_in: number;
            /**
             * File Id
             * @default null
             */
            file_id: string | null;
            /**
             * Id
             * @default null
             */
            id: string | null;
            /**
             * Logical Path
             * @default null
             */
            logical_path: string | null;
            /**
             * Path
             * @default null
             */
            path: string | null;
            /**
             * Version Id
             * @default null
             */
            version_id: string | null;
        };
        /** PresignUpload */
        PresignUpload: {
            /**
             * Bucket
             * @default null
             */
            bucket: string | null;
            /**
             * Bucket Id
             * @default null
             */
            bucket_id: string | null;
            /**
             * Bucket Type
             * @default null
             */
            bucket_type: string | null;
            /**
             * Content Type
             * @default null
             */
            content_type: string | null;
            /**
             * Expires In
             * @default 3600
             */
            expires_in: number;
            /**
             * File Id
             * @default null
             */
            file_id: string | null;
            /**
             * Id
             * @default null
             */
            id: string | null;
            /**
             * Logical Path
             * @default null
             */
            logical_path: string | null;
            /**
             * Path
             * @default null
             */
            path: string | null;
            /**
             * Size
             * @default null
             */
            size: number | null;
        };
        /**
         * Preview
         * @description How many machines are free for such a request, which, and when it would be served if it waited. With an
         *     `obstacle`, the pool as it is would never serve it.
         */
        Preview: {
            /** Available */
            available: number;
            /** Estimate */
            estimate: string | null;
            /** Names */
            names: string[];
            /** Obstacle */
            obstacle: string | null;
        };
        /**
         * Priority
         * @description Whoever has a higher one is served before all with a lower one; everybody begins with 0.
         */
        Priority: {
            /** Priority */
            priority: number;
            /** Reason */
            reason: string;
        };
        /**
         * ProjectChange
         * @description `case_clashes`: what is done about locking a path that differs from a locked one only in upper and lower case.
         *     `windows_names`: what is done about new names that Windows cannot keep. What is left out stays as it is.
         */
        ProjectChange: {
            /** Case Clashes */
            case_clashes?: ("refuse" | "warn" | "allow") | null;
            /** Windows Names */
            windows_names?: ("refuse" | "warn" | "allow") | null;
        };
        /**
         * ProjectMemberRead
         * @description `from_provider`: the role comes from a group at the sign-in provider, and goes with it.
         */
        ProjectMemberRead: {
            /** From Provider */
            from_provider: boolean;
            /**
             * Role
             * @enum {string}
             */
            role: "owner" | "admin" | "member" | "viewer";
            /** Username */
            username: string;
            /** Uuid */
            uuid: string;
        };
        /** ProjectRead */
        ProjectRead: {
            /**
             * Case Clashes
             * @enum {string}
             */
            case_clashes: "refuse" | "warn" | "allow";
            /** Company Id */
            company_id: string | null;
            /** Created At */
            created_at: string;
            /** Id */
            id: string;
            /** Members */
            members: number;
            /** Name */
            name: string;
            /** Role */
            role: ("owner" | "admin" | "member" | "viewer") | null;
            /**
             * Windows Names
             * @enum {string}
             */
            windows_names: "refuse" | "warn" | "allow";
        };
        /** Provider */
        Provider: {
            /** Label */
            label: string;
            /** Login Url */
            login_url: string;
            /** Name */
            name: string;
        };
        /**
         * ProviderLink
         * @description What connects an account with the sign-in provider: the subject there, and the roles of the person's groups.
         */
        ProviderLink: {
            /** Roles */
            roles: components["schemas"]["GroupRoleRead"][];
            /** Subject */
            subject: string | null;
        };
        /** Providers */
        Providers: {
            /** Oidc */
            oidc: components["schemas"]["Provider"][];
            /**
             * Password
             * @default true
             */
            password: boolean;
        };
        /** Pvc */
        Pvc: {
            /** Allowed Users */
            allowed_users: string[];
            /** Created At */
            created_at: string;
            /** Created By */
            created_by: string | null;
            /** Exclusive */
            exclusive: boolean;
            /** Id */
            id: number;
            /** Is Public */
            is_public: boolean;
            /** Last Updated */
            last_updated: string;
            /** Name */
            name: string;
            /** Namespace */
            namespace: string;
            /** Size */
            size: string;
            /** Status */
            status: string;
        };
        /** PvcConnection */
        PvcConnection: {
            /** Created At */
            created_at: string;
            /** Created By */
            created_by: string;
            /** Id */
            id: number;
            /** Is Stopped */
            is_stopped: boolean;
            /** Name */
            name: string;
        };
        /** PvcConnections */
        PvcConnections: {
            /** Connections */
            connections: components["schemas"]["PvcConnection"][];
        };
        /** PvcMade */
        PvcMade: {
            /** Message */
            message: string;
            pvc: components["schemas"]["Pvc"];
        };
        /** PvcShown */
        PvcShown: {
            pvc: components["schemas"]["Pvc"];
        };
        /** PvcsShown */
        PvcsShown: {
            /** Pvcs */
            pvcs: components["schemas"]["Pvc"][];
        };
        /** Quantities */
        Quantities: {
            /** Made */
            made: number;
            /** Remaining */
            remaining: number;
            /** Scrapped */
            scrapped: number;
            /** Wanted */
            wanted: number;
        };
        /**
         * Queue
         * @description A page of the queue, which has `total` places.
         */
        Queue: {
            /** Queue */
            queue: components["schemas"]["ReservationRead"][];
            /** Total */
            total: number;
        };
        /**
         * Queued
         * @description A place in line. A program renews it within `lease_seconds`, and confirms what it is given within
         *     `confirm_seconds`; for a person both are null.
         */
        Queued: {
            /** Confirm Seconds */
            confirm_seconds: number | null;
            /** Lease Seconds */
            lease_seconds: number | null;
            /** Position */
            position: number;
            /** Until */
            until: string | null;
            /** Waiter Id */
            waiter_id: string;
        };
        /** QueuePlace */
        QueuePlace: {
            /** Position */
            position: number;
            /** Program */
            program: boolean;
            /** Since */
            since: string;
            /** Take */
            take: boolean;
            /** Username */
            username: string;
        };
        /**
         * QueuePlaceRead
         * @description `place` of `of`; `estimate` is when it will be served if every hold lasts until its end, where that can be
         *     told. With an `obstacle`, the pool as it is would never serve it, and those behind it go first.
         */
        QueuePlaceRead: {
            /** Estimate */
            estimate: string | null;
            /** Lease Ends At */
            lease_ends_at: string | null;
            /** Obstacle */
            obstacle: string | null;
            /** Of */
            of: number;
            /** Place */
            place: number;
            /** Priority */
            priority: number;
            /** Until */
            until: string | null;
        };
        /**
         * QueueRequest
         * @description `program`: the caller renews its place, and confirms what it is given. `program_id`, such as a UUID: which of the
         *     account's programs it is, each of which has a place of its own. `timeout_seconds`: it waits no longer.
         */
        QueueRequest: {
            /** Comment */
            comment?: string | null;
            /**
             * Program
             * @default false
             */
            program: boolean;
            /** Program Id */
            program_id?: string | null;
            /**
             * Take
             * @default true
             */
            take: boolean;
            /** Timeout Seconds */
            timeout_seconds?: number | null;
            /** Ttl Seconds */
            ttl_seconds?: number | null;
        };
        /**
         * QuotaChange
         * @description A quota to set. `allowed_bytes` null allows any number.
         */
        QuotaChange: {
            /** Allowed Bytes */
            allowed_bytes: number | null;
        };
        /**
         * QuotaRead
         * @description How much an account stores, and may store: `allowed_bytes` is null for any number. `account` is `user:<uuid>`,
         *     `company:<uuid>` or `project:<name>`; `name` is its owner's, null if the owner no longer exists. `is_set` says that
         *     an administrator set this quota, otherwise the settings decide.
         */
        QuotaRead: {
            /** Account */
            account: string;
            /** Allowed Bytes */
            allowed_bytes: number | null;
            /** Is Set */
            is_set: boolean;
            /** Name */
            name: string | null;
            /** Used Bytes */
            used_bytes: number;
        };
        /**
         * RecoveryCodes
         * @description Codes that stand in for the app, each once. They cannot be shown again.
         */
        RecoveryCodes: {
            /** Recovery Codes */
            recovery_codes: string[];
        };
        /** RefreshedToken */
        RefreshedToken: {
            /** Token */
            token: string;
        };
        /**
         * Refusal
         * @description Why a request was refused. Programs branch on `code`; people read the text.
         */
        Refusal: {
            /** Code */
            code: string;
            /**
             * Details
             * @default null
             */
            details: unknown;
            /** Error */
            error: string;
            /** Message */
            message: string;
            /** Msg */
            msg: string;
        };
        /** Released */
        Released: {
            /** Count */
            count: number;
            /** Msg */
            msg: string;
        };
        /** Removed */
        Removed: {
            /** Message */
            message: string;
        };
        /** RemovedPart */
        RemovedPart: {
            /** Deleted */
            deleted: number;
        };
        /** RemoveFolder */
        RemoveFolder: {
            /**
             * Bucket
             * @default null
             */
            bucket: string | null;
            /**
             * Bucket Id
             * @default null
             */
            bucket_id: string | null;
            /**
             * Bucket Type
             * @default null
             */
            bucket_type: string | null;
            /**
             * File Id
             * @default null
             */
            file_id: string | null;
            /**
             * Id
             * @default null
             */
            id: string | null;
            /**
             * Logical Path
             * @default null
             */
            logical_path: string | null;
            /**
             * Path
             * @default null
             */
            path: string | null;
            /**
             * Recursive
             * @default false
             */
            recursive: boolean;
        };
        /**
         * RenewRequest
         * @description At most one of the two; neither means no end.
         */
        RenewRequest: {
            /** Expires At */
            expires_at?: string | null;
            /** Ttl Seconds */
            ttl_seconds?: number | null;
        };
        /** ReservationOutput */
        ReservationOutput: {
            /** Machines */
            machines: components["schemas"]["MachineOutput"][];
        };
        /** ReservationPage */
        ReservationPage: {
            /** Reservations */
            reservations: components["schemas"]["ReservationRead"][];
        };
        /**
         * ReservationRead
         * @description A reservation. `booked_machines` are those of a booking that has not begun. With a `confirm_by`, it ends then
         *     unless its holder confirms it. What a `damaged` one asked for cannot be read, so it gets no machines. `password` is
         *     only in the answer to the request that asked for one.
         */
        ReservationRead: {
            /** At Least */
            at_least: number;
            /** Booked Machines */
            booked_machines: string[];
            /** Certificate */
            certificate: boolean;
            /** Confirm By */
            confirm_by: string | null;
            /** Count */
            count: number;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Damaged */
            damaged: boolean;
            /** Ends At */
            ends_at: string | null;
            /** Holder */
            holder: string;
            /** Id */
            id: string;
            /** Login */
            login: string;
            /** Machines */
            machines: components["schemas"]["HeldMachine"][];
            /** Minutes */
            minutes: number;
            /** Names */
            names: string[];
            /** Password */
            password?: string | null;
            /** Purpose */
            purpose: string | null;
            queue?: components["schemas"]["QueuePlaceRead"] | null;
            /** Reason */
            reason: string | null;
            /** Scope */
            scope: string | null;
            /** Seconds Remaining */
            seconds_remaining: number | null;
            /** Shared With */
            shared_with: string[];
            /** Starts At */
            starts_at: string | null;
            /** State */
            state: string;
            /** Tags */
            tags: string | null;
        };
        /**
         * ReservationShown
         * @description One machine of a reservation, as the contract lists it.
         */
        ReservationShown: {
            /** Host */
            host: string;
            /** Machine */
            machine: string;
            /** Port */
            port: number;
            /** Reservation Id */
            reservation_id: number;
            /** Reserved Until */
            reserved_until: string | null;
            /** Seconds Remaining */
            seconds_remaining: number | null;
            /** Username */
            username: string;
        };
        /** ReservationsShown */
        ReservationsShown: {
            /** Reservations */
            reservations: components["schemas"]["ReservationShown"][];
        };
        /**
         * ReservationWish
         * @description What somebody wants: `count` machines, or those in `names`; any, or those that `tags` fits. With `starts_at` they
         *     are booked from then on.
         */
        ReservationWish: {
            /**
             * At Least
             * @default null
             */
            at_least: number | null;
            /**
             * Certificate
             * @default false
             */
            certificate: boolean;
            /**
             * Count
             * @default null
             */
            count: number | null;
            /**
             * Generate Password
             * @default false
             */
            generate_password: boolean;
            /**
             * Login
             * @default null
             */
            login: string | null;
            /**
             * Minutes
             * @default 60
             */
            minutes: number;
            /**
             * Names
             * @default []
             */
            names: string[];
            /**
             * Password
             * @default null
             */
            password: string | null;
            /**
             * Program
             * @default false
             */
            program: boolean;
            /**
             * Public Keys
             * @default []
             */
            public_keys: string[];
            /**
             * Purpose
             * @default null
             */
            purpose: string | null;
            /**
             * Scope
             * @default null
             */
            scope: string | null;
            /**
             * Starts At
             * @default null
             */
            starts_at: string | null;
            /**
             * Tags
             * @default null
             */
            tags: string | null;
            /**
             * Wait
             * @default false
             */
            wait: boolean;
            /**
             * Wait Minutes
             * @default null
             */
            wait_minutes: number | null;
        };
        /** Reserved */
        Reserved: {
            /** Duration Minutes */
            duration_minutes: number;
            /** Machines */
            machines: components["schemas"]["ReservedMachine"][];
            /** Reservation Password */
            reservation_password: string;
            /** Reserved Until */
            reserved_until: string;
            /** Username */
            username: string;
        };
        /** ReservedMachine */
        ReservedMachine: {
            /** Host */
            host: string;
            /** Machine */
            machine: string;
            /** Port */
            port: number;
        };
        /**
         * ReserveRequest
         * @description `POST /reserve`: the fields of the query as JSON.
         */
        ReserveRequest: {
            /**
             * Count
             * @default 1
             */
            count: number;
            /**
             * Duration
             * @default 60
             */
            duration: number;
            /** Password */
            password?: string | null;
            /** Reservation Password */
            reservation_password?: string | null;
            /** Username */
            username?: string | null;
        };
        /** ResourceChange */
        ResourceChange: {
            /** Board */
            board?: ("cnc" | "hand" | "misc") | null;
            /**
             * Is Active
             * @default true
             */
            is_active: boolean;
            /**
             * Kind
             * @default machine
             * @enum {string}
             */
            kind: "machine" | "vendor";
            /**
             * Name
             * @default
             */
            name: string;
            /** Note */
            note?: string | null;
        };
        /** ResourceRead */
        ResourceRead: {
            /** Board */
            board: ("cnc" | "hand" | "misc") | null;
            /** Id */
            id: number;
            /** Is Active */
            is_active: boolean;
            /**
             * Kind
             * @enum {string}
             */
            kind: "machine" | "vendor";
            /** Name */
            name: string;
            /** Note */
            note: string | null;
        };
        /** Resources */
        Resources: {
            /** Resources */
            resources: components["schemas"]["ResourceRead"][];
        };
        /** Resumed */
        Resumed: {
            /** Created At */
            created_at: string;
            /** Created By */
            created_by: string;
            /** Id */
            id: number;
            /** Name */
            name: string;
            /** Persistent Home */
            persistent_home: boolean;
            /** Queue Position */
            queue_position?: number | null;
            /** Status */
            status: string;
        };
        /** ResumedShown */
        ResumedShown: {
            connection: components["schemas"]["Resumed"];
            /** Message */
            message: string;
        };
        /** Review */
        Review: {
            /**
             * Miscinfo
             * @default null
             */
            miscInfo: {
                [key: string]: unknown;
            } | null;
            /**
             * Reviewer
             * @default null
             */
            reviewer: string | null;
        };
        /**
         * RevisionFigures
         * @description A STEP file, and what is known of its model; nothing if nobody asked for it yet.
         */
        RevisionFigures: {
            conversion: components["schemas"]["ModelConversion"] | null;
            /** Label */
            label: string | null;
            /** Name */
            name: string;
            /** Revision */
            revision: number;
        };
        /** ReworkPart */
        ReworkPart: {
            /** Expected Updated At */
            expected_updated_at?: string | null;
            /** Reason */
            reason: string;
            /** Step Id */
            step_id?: number | null;
        };
        /** RulesChange */
        RulesChange: {
            /** Last Step */
            last_step?: ("inspected" | "picked_up") | null;
            /**
             * Remind Hours
             * @default 0
             */
            remind_hours: number;
            /**
             * Return Hours
             * @default 0
             */
            return_hours: number;
            /**
             * Reviewer Is Not Author
             * @default false
             */
            reviewer_is_not_author: boolean;
            /**
             * Scrap Reasons
             * @default [
             *       "other"
             *     ]
             */
            scrap_reasons: string[];
        };
        /**
         * RulesRead
         * @description `role` is the caller's in the project.
         */
        RulesRead: {
            /** Last Step */
            last_step: ("inspected" | "picked_up") | null;
            /** Project */
            project: string;
            /** Remind Hours */
            remind_hours: number;
            /** Return Hours */
            return_hours: number;
            /** Reviewer Is Not Author */
            reviewer_is_not_author: boolean;
            /**
             * Role
             * @enum {string}
             */
            role: "owner" | "admin" | "member" | "viewer";
            /** Scrap Reasons */
            scrap_reasons: string[];
        };
        /**
         * RunOutput
         * @description What the last run on a machine said, without secrets.
         */
        RunOutput: {
            /** At */
            at: string | null;
            /** Output */
            output: string;
            /** Problem */
            problem: string | null;
            /** What */
            what: string | null;
        };
        /** Said */
        Said: {
            /**
             * At
             * Format: date-time
             */
            at: string;
            /** By */
            by: string | null;
            /** Reason */
            reason: string;
        };
        /**
         * ScaledUp
         * @description `queue_position` only where it waits for room.
         */
        ScaledUp: {
            /** Created By */
            created_by: string;
            /** Desktop Configuration Id */
            desktop_configuration_id: number | null;
            /** External Pvc */
            external_pvc: string | null;
            /** Id */
            id: number;
            /** Is Stopped */
            is_stopped: boolean;
            /** Name */
            name: string;
            /** Persistent Home */
            persistent_home: boolean;
            /** Queue Position */
            queue_position?: number | null;
            /** Status */
            status: string;
        };
        /** ScaleUp */
        ScaleUp: {
            /** Desktop Configuration Id */
            desktop_configuration_id?: number | string | null;
            /** External Pvc */
            external_pvc?: string | null;
            /** Name */
            name?: string | null;
            /**
             * Persistent Home
             * @default true
             */
            persistent_home: boolean;
        };
        /** Score */
        Score: {
            /** Name */
            name: string;
            /** Score */
            score: number;
        };
        /**
         * Sentence
         * @description A sentence for people, under two keys, because different pages read different ones.
         */
        Sentence: {
            /** Message */
            message: string;
            /** Msg */
            msg: string;
        };
        /**
         * SessionRead
         * @description A browser that is signed in.
         */
        SessionRead: {
            /** Created At */
            created_at: string;
            /** Device */
            device: string;
            /** Expires At */
            expires_at: string;
            /** Id */
            id: string;
            /** Is Current */
            is_current: boolean;
            /** Last Used At */
            last_used_at: string;
        };
        /** Sharing */
        Sharing: {
            /**
             * Public Keys
             * @default []
             */
            public_keys: string[];
            /** Username */
            username: string;
        };
        /**
         * Shelf
         * @description A bucket that the caller may read. `scope` says who sees its claims and events; `name` is null if it is not
         *     registered here.
         */
        Shelf: {
            /** Bucket */
            bucket: string;
            /** Id */
            id: string;
            /** Name */
            name: string | null;
            /** Scope */
            scope: string;
        };
        /**
         * ShelfList
         * @description `warnings` says why buckets may be missing: `project_service_unavailable`.
         */
        ShelfList: {
            /** Buckets */
            buckets: components["schemas"]["Shelf"][];
            /** Next Cursor */
            next_cursor: string | null;
            /** Warnings */
            warnings: string[];
        };
        /**
         * ShopOnshape
         * @description `connected` is about the caller's own account; `lapsed` says that it was, and that Onshape accepts this no more.
         *     `shared` says that the workshop's pages have a connection, which serves everybody in the project who has none.
         */
        ShopOnshape: {
            /** Authenticated At */
            authenticated_at: string | null;
            /** Configured */
            configured: boolean;
            /** Connected */
            connected: boolean;
            /** Lapsed */
            lapsed: boolean;
            /** Shared */
            shared: boolean;
            user: components["schemas"]["OnshapeUser"] | null;
        };
        /**
         * ShopPart
         * @description `files`, `steps` and `materials` are there where one part is read or changed.
         */
        ShopPart: {
            /** Amount */
            amount: number;
            /** Assigned */
            assigned: string | null;
            /** Author */
            author: string | null;
            blocked: components["schemas"]["Said"] | null;
            /** Category */
            category: string;
            claim: components["schemas"]["PartClaim"] | null;
            /** Claimed At */
            claimed_at: string | null;
            /** Completed At */
            completed_at: string | null;
            conversion: components["schemas"]["ModelConversion"] | null;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Due At */
            due_at: string | null;
            /** File */
            file: string | null;
            /** Files */
            files?: components["schemas"]["PartFileRead"][] | null;
            /** Id */
            id: number;
            /** Last Step */
            last_step: ("inspected" | "picked_up") | null;
            last_step_done: components["schemas"]["DoneBy"] | null;
            /** Material */
            material: string;
            /** Material Thickness */
            material_thickness: string | null;
            /** Materials */
            materials?: components["schemas"]["PartMaterialRead"][] | null;
            /** Misc Info */
            misc_info: {
                [key: string]: unknown;
            } | null;
            /** Name */
            name: string | null;
            /** Notes */
            notes: string | null;
            /** Onshape Url */
            onshape_url: string | null;
            /** Part Number */
            part_number: string;
            /** Priority */
            priority: number;
            /** Project */
            project: string;
            quantities: components["schemas"]["Quantities"];
            /** Reviewer */
            reviewer: string | null;
            /** Revision */
            revision: number;
            /** Revision Label */
            revision_label: string | null;
            rework: components["schemas"]["Said"] | null;
            /** Status */
            status: string;
            step: components["schemas"]["StepRead"] | null;
            /** Steps */
            steps?: components["schemas"]["StepRead"][] | null;
            /** Subsystem */
            subsystem: string;
            /** Thumbnail */
            thumbnail: boolean;
            /** Type */
            type: string | null;
            /**
             * Updated At
             * Format: date-time
             */
            updated_at: string;
            /** Version */
            version: number;
        };
        /** ShopParts */
        ShopParts: {
            /** Parts */
            parts: components["schemas"]["ShopPart"][];
            /** Total */
            total: number;
        };
        /** ShopStats */
        ShopStats: {
            assignment: components["schemas"]["Assigned"];
            /** Blocked */
            blocked: number;
            /** By Category */
            by_category: {
                [key: string]: number;
            };
            /** By Status */
            by_status: {
                [key: string]: number;
            };
            /** Contributors */
            contributors: components["schemas"]["Maker"][];
            hours: components["schemas"]["Hours"];
            /** Leaderboard */
            leaderboard: components["schemas"]["Score"][];
            /** Overdue */
            overdue: number;
            /** Per Week */
            per_week: components["schemas"]["Week"][];
            quantities: components["schemas"]["Pieces"];
            /** Scrap Reasons */
            scrap_reasons: {
                [key: string]: number;
            };
            /** Total */
            total: number;
        };
        /** ShownToken */
        ShownToken: {
            /**
             * Token
             * @default null
             */
            token: string | null;
        };
        /** SignedAddress */
        SignedAddress: {
            /** Expires At */
            expires_at: string;
            /** Expires In */
            expires_in: number;
            /** Object Key */
            object_key: string;
            /** Url */
            url: string;
        };
        /**
         * SignedOut
         * @description `redirect_url` is the page of the sign-in provider on which the browser signs out there, too.
         */
        SignedOut: {
            /** Redirect Url */
            redirect_url: string | null;
        };
        /**
         * Skipped
         * @description An entry that was left out, and why.
         */
        Skipped: {
            /** Entry */
            entry: string;
            /** Reason */
            reason: string;
        };
        /**
         * State
         * @description Of a reservation.
         * @enum {string}
         */
        State: "waiting" | "booked" | "preparing" | "ready" | "failed" | "ended";
        /** Stats */
        Stats: {
            assignment: components["schemas"]["Assigned"];
            /** By Category */
            by_category: {
                [key: string]: number;
            };
            /** By Status */
            by_status: {
                [key: string]: number;
            };
            /** Total */
            total: number;
        };
        /** StatusChange */
        StatusChange: {
            /** Is Active */
            is_active?: boolean | null;
            /** Is Admin */
            is_admin?: boolean | null;
        };
        /** StepRead */
        StepRead: {
            /**
             * Board
             * @enum {string}
             */
            board: "cnc" | "hand" | "misc";
            /** Finished At */
            finished_at: string | null;
            /** Finished By */
            finished_by: string | null;
            /** Id */
            id: number;
            /** Note */
            note: string | null;
            /** Person */
            person: string | null;
            /** Position */
            position: number;
            /** Process */
            process: string;
            resource: components["schemas"]["StepResource"] | null;
            /** Started At */
            started_at: string | null;
            /**
             * State
             * @enum {string}
             */
            state: "waiting" | "due" | "in_progress" | "done";
        };
        /** StepResource */
        StepResource: {
            /** Id */
            id: number;
            /**
             * Kind
             * @enum {string}
             */
            kind: "machine" | "vendor";
            /** Name */
            name: string;
        };
        /**
         * StorageRefusal
         * @description A refusal of the file service: `error` and `message` are the code, `details.text` is for people.
         */
        StorageRefusal: {
            /** Details */
            details: {
                [key: string]: unknown;
            };
            /** Error */
            error: string;
            /** Message */
            message: string;
            /**
             * Status
             * @constant
             */
            status: "error";
            /** Timestamp */
            timestamp: string;
        };
        /** Success */
        Success: {
            /** Data */
            data?: {
                [key: string]: unknown;
            } | null;
            /** Message */
            message: string;
            /** Status */
            status: string;
            /** Success */
            success: boolean;
            /** Timestamp */
            timestamp: string;
        };
        /** Switch */
        Switch: {
            /** On */
            on: boolean;
            /** Reason */
            reason?: string | null;
        };
        /** TableToImport */
        TableToImport: {
            /** Csv */
            csv: string;
            /**
             * Dry Run
             * @default false
             */
            dry_run: boolean;
            /**
             * Project
             * @default null
             */
            project: string | null;
        };
        /**
         * TakePart
         * @description `ttl_seconds`: the part returns to the board by itself then.
         */
        TakePart: {
            /** Expected Updated At */
            expected_updated_at?: string | null;
            /** Reason */
            reason?: string | null;
            /**
             * Take Over
             * @default false
             */
            take_over: boolean;
            /** Ttl Seconds */
            ttl_seconds?: number | null;
        };
        /** TicketRequest */
        TicketRequest: {
            /**
             * View Only
             * @default false
             */
            view_only: boolean;
        };
        /** TokenList */
        TokenList: {
            /** Tokens */
            tokens: components["schemas"]["TokenRead"][];
        };
        /**
         * TokenMade
         * @description A new API token. This is the only response that contains the token itself.
         */
        TokenMade: {
            /** Created By */
            created_by: string;
            /** Expires At */
            expires_at: string;
            /** Name */
            name: string;
            /** Token */
            token: string;
            /** Token Id */
            token_id: string;
        };
        /**
         * TokenPerson
         * @description For whom an API token acts.
         */
        TokenPerson: {
            /** Email */
            email: string | null;
            /** Is Admin */
            is_admin: boolean;
            /** Username */
            username: string;
        };
        /**
         * TokenRead
         * @description An API token. Times are of the form that HTTP headers have.
         */
        TokenRead: {
            /** Created At */
            created_at: string;
            /** Created By */
            created_by: string;
            /** Description */
            description: string | null;
            /** Expires At */
            expires_at: string;
            /** Id */
            id: number;
            /** Last Used */
            last_used: string | null;
            /** Name */
            name: string;
            /** Revoked */
            revoked: boolean;
            /** Revoked At */
            revoked_at: string | null;
            /** Token Id */
            token_id: string;
        };
        /** TokenRevoked */
        TokenRevoked: {
            /**
             * Message
             * @default Token successfully revoked
             */
            message: string;
        };
        /** TransferRequest */
        TransferRequest: {
            /** Comment */
            comment?: string | null;
            /** To */
            to: string;
        };
        /** Uploaded */
        Uploaded: {
            conversion?: components["schemas"]["Conversion"] | null;
            /** File Path */
            file_path: string;
            /** Filename */
            filename: string;
            /** Message */
            message: string;
        };
        /** Usernames */
        Usernames: {
            /** Users */
            users: string[];
        };
        /** UserRead */
        UserRead: {
            /** Company Id */
            company_id: string | null;
            /** Company Name */
            company_name: string | null;
            /** Company Role */
            company_role: ("owner" | "member") | null;
            /** Created At */
            created_at: string;
            /** Email */
            email: string;
            /** Id */
            id: number;
            /** Is Active */
            is_active: boolean;
            /** Is Admin */
            is_admin: boolean;
            /** Username */
            username: string;
            /** Uuid */
            uuid: string;
        };
        /**
         * VerifyFinding
         * @description A version whose content is missing, damaged or restored (`state`). `key` names its object in the store.
         */
        VerifyFinding: {
            /** Address */
            address: string;
            /** Bucket Id */
            bucket_id: string;
            /** Bucket Name */
            bucket_name: string | null;
            /** Bucket Type */
            bucket_type: string;
            /** Checksum */
            checksum: string;
            /** Created At */
            created_at: string;
            /** Created By */
            created_by: string;
            /** Created By Name */
            created_by_name: string | null;
            /** File Id */
            file_id: string;
            /** Is Archived */
            is_archived: boolean;
            /** Is Current */
            is_current: boolean;
            /** Key */
            key: string;
            /** Logical Path */
            logical_path: string;
            /** Size */
            size: number;
            /**
             * State
             * @enum {string}
             */
            state: "missing" | "damaged" | "recovered";
            /** Version Id */
            version_id: string;
            /** Version Number */
            version_number: number;
        };
        /**
         * VerifyReport
         * @description The result of a verification. `missing`, `damaged` and `recovered` are ids of versions; `findings` describes
         *     them. `damaged_archives` are objects that hold old events, and are missing or damaged.
         */
        VerifyReport: {
            /** Archives */
            archives: number;
            /** Bytes Read */
            bytes_read: number;
            /** Damaged */
            damaged: string[];
            /** Damaged Archives */
            damaged_archives: string[];
            /** Findings */
            findings: components["schemas"]["VerifyFinding"][];
            /** Is Sound */
            is_sound: boolean;
            /** Missing */
            missing: string[];
            /** Objects */
            objects: number;
            /** Orphan Bytes */
            orphan_bytes: number;
            /** Orphans */
            orphans: number;
            /** Recovered */
            recovered: string[];
            /** Versions */
            versions: number;
        };
        /** VerifyRequest */
        VerifyRequest: {
            /**
             * Hashes
             * @default false
             */
            hashes: boolean;
        };
        /** VersionHistory */
        VersionHistory: {
            /** File Id */
            file_id: string;
            /** Total Count */
            total_count: number;
            /** Versions */
            versions: components["schemas"]["VersionRead"][];
        };
        /**
         * VersionList
         * @description Earlier clients read the fields either at the top or in `data`.
         */
        VersionList: {
            data: components["schemas"]["VersionHistory"];
            /** File Id */
            file_id: string;
            /**
             * Status
             * @constant
             */
            status: "success";
            /** Total Count */
            total_count: number;
            /** Versions */
            versions: components["schemas"]["VersionRead"][];
        };
        /**
         * VersionRead
         * @description A version. `version_id` is `id` again, for clients that call it so.
         */
        VersionRead: {
            /** Changelog */
            changelog: string | null;
            /** Checksum */
            checksum: string;
            /** Created At */
            created_at: string;
            /** Created By */
            created_by: string;
            /** Created By Name */
            created_by_name: string | null;
            /** File Id */
            file_id: string;
            /** Id */
            id: string;
            /** Mime Type */
            mime_type: string | null;
            /** Object Key */
            object_key: string;
            /** Size */
            size: number;
            /** Status */
            status: string;
            /** Updated At */
            updated_at: string;
            /** Validated At */
            validated_at: string | null;
            /** Validated By */
            validated_by: string | null;
            /** Validated By Name */
            validated_by_name: string | null;
            /** Validation Comment */
            validation_comment: string | null;
            /** Version Id */
            version_id: string;
            /** Version Number */
            version_number: number;
        };
        /** View */
        View: {
            /** Filename */
            filename: string;
            /** Timestamp */
            timestamp: string;
        };
        /**
         * Views
         * @description Views by their position, 0 to 7.
         */
        Views: {
            /** Files */
            files: {
                [key: string]: components["schemas"]["View"];
            };
            /** Updated At */
            updated_at: string;
        };
        /** ViewsKept */
        ViewsKept: {
            /** Success */
            success: boolean;
            views: components["schemas"]["Views"] | null;
        };
        /** ViewsRead */
        ViewsRead: {
            views: components["schemas"]["Views"] | null;
        };
        /** VolumeAccess */
        VolumeAccess: {
            /** Allowed Users */
            allowed_users?: string[] | null;
            /**
             * Is Public
             * @default false
             */
            is_public: boolean;
        };
        /**
         * VolumeBody
         * @description `exclusive` is beyond the contract: for one running desktop at a time.
         */
        VolumeBody: {
            /** Allowed Users */
            allowed_users?: string[] | null;
            /**
             * Exclusive
             * @default false
             */
            exclusive: boolean;
            /**
             * Is Public
             * @default false
             */
            is_public: boolean;
            /** Name */
            name?: string | null;
            /**
             * Size
             * @default 10Gi
             */
            size: string;
        };
        /** Waiting */
        Waiting: {
            file: components["schemas"]["FileRead"];
            version: components["schemas"]["VersionRead"];
        };
        /**
         * WaitingList
         * @description `warnings` says why versions may be missing: `project_service_unavailable`.
         */
        WaitingList: {
            /** Total */
            total: number;
            /** Waiting */
            waiting: components["schemas"]["Waiting"][];
            /** Warnings */
            warnings: string[];
        };
        /**
         * WaitingRead
         * @description The place in line, or the claim that was given to the program that waited.
         */
        WaitingRead: {
            claim: components["schemas"]["ClaimRead"] | null;
            place: components["schemas"]["Queued"] | null;
        };
        /** WatchList */
        WatchList: {
            /** Watches */
            watches: components["schemas"]["WatchRead"][];
        };
        /** WatchRead */
        WatchRead: {
            /** Created At */
            created_at: string;
            /** Id */
            id: number;
            /** Kind */
            kind: string;
            /** Path */
            path: string;
            /** Scope */
            scope: string;
        };
        /** Week */
        Week: {
            /** Completed */
            completed: number;
            /** Week */
            week: string;
        };
        /** WhoAmI */
        WhoAmI: {
            /** Roles */
            roles: "admin"[];
            /** User */
            user: string;
        };
        /** Wiped */
        Wiped: {
            /** Count */
            count: number;
            /** Message */
            message: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;

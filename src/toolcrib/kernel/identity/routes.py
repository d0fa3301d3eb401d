"""All routes about people, under `/api`."""

from toolcrib.kernel.identity import (
    routes_admin,
    routes_companies,
    routes_directory,
    routes_me,
    routes_oidc,
    routes_older,
    routes_otp,
    routes_projects,
    routes_session,
    routes_tokens,
    routes_users,
)

ROUTERS = (
    routes_session.router,
    routes_oidc.router,
    routes_tokens.router,
    routes_otp.router,
    routes_otp.admin_router,
    routes_me.router,  # before routes_users, whose {username} would match `me/…`
    routes_users.router,
    routes_older.router,  # before routes_directory, whose {username} would match `check`
    routes_directory.router,
    routes_admin.router,
    routes_companies.router,
    routes_projects.router,
)

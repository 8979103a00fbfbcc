"""Policies of row level security, and rules; the rule that makes a view is the view's own text."""

from __future__ import annotations

QUERIES = (
    """
    SELECT 'policy', r.name || '.' || quote_ident(p.polname), r.kind, r.name,
           concat_ws(' ',
               CASE WHEN p.polpermissive THEN 'AS PERMISSIVE' ELSE 'AS RESTRICTIVE' END,
               CASE p.polcmd WHEN 'r' THEN 'FOR SELECT' WHEN 'a' THEN 'FOR INSERT'
                             WHEN 'w' THEN 'FOR UPDATE' WHEN 'd' THEN 'FOR DELETE'
                             ELSE 'FOR ALL' END,
               'TO ' || (SELECT string_agg(CASE g.role WHEN 0 THEN 'PUBLIC'
                                           ELSE quote_ident(pg_get_userbyid(g.role)) END, ', '
                                           ORDER BY pg_get_userbyid(g.role))
                         FROM unnest(p.polroles) AS g(role)),
               'USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
               'WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')')
    FROM relation r JOIN pg_policy p ON p.polrelid = r.oid
    """,
    """
    SELECT 'rule', r.name || '.' || quote_ident(w.rulename), r.kind, r.name,
           pg_get_ruledef(w.oid)
           || CASE w.ev_enabled WHEN 'D' THEN ' DISABLED' WHEN 'R' THEN ' REPLICA'
                                WHEN 'A' THEN ' ALWAYS' ELSE '' END
    FROM relation r JOIN pg_rewrite w ON w.ev_class = r.oid
    WHERE w.rulename <> '_RETURN'
    """,
)

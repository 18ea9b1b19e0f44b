-- A test message used to record a consent that nobody had given.
UPDATE contacts AS p SET opted_in_at = NULL, opt_in_source = NULL
FROM campaigns AS t WHERE t.test_of IS NOT NULL AND p.opt_in_source = 'list of campaign ' || t.id;

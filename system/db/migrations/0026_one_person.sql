-- One name for the two forms of a Brazilian, Mexican or Argentine mobile, as `PhoneNumber.forms` knows them.
CREATE FUNCTION person_of(phone text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN phone LIKE '+5%' THEN
        regexp_replace(regexp_replace(regexp_replace(phone,
            '^\+55(\d\d)9([6-9]\d{7})$', '+55\1\2'), '^\+521(\d{10})$', '+52\1'), '^\+549(\d{10})$', '+54\1')
    ELSE phone END
$$;

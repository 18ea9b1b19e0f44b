-- Whoever changes or erases the whole name alone changes its parts: a variable must not say what the name no longer does.
CREATE FUNCTION forget_parts_of_a_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.first_name := NULL;
    NEW.last_name := NULL;
    RETURN NEW;
END $$;
CREATE TRIGGER forget_parts_of_a_name BEFORE UPDATE OF name ON contacts FOR EACH ROW
    WHEN (NEW.name IS DISTINCT FROM OLD.name AND NEW.first_name IS NOT DISTINCT FROM OLD.first_name
        AND NEW.last_name IS NOT DISTINCT FROM OLD.last_name)
    EXECUTE FUNCTION forget_parts_of_a_name();

-- Nobody deletes a review (e-commerce law, article 39): the county hides it, with a reason that stays.
SELECT keep_rows('review', 'review_addition');
SELECT make_append_only('review_decision');

-- What was bought, by whom, and what was said about it never changes; only whether it is shown.
CREATE OR REPLACE FUNCTION keep_review_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.line, NEW.consumer, NEW.product, NEW.stars, NEW.text)
        IS DISTINCT FROM (OLD.line, OLD.consumer, OLD.product, OLD.stars, OLD.text) THEN
        RAISE EXCEPTION 'the words of a review do not change' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER keep_words BEFORE UPDATE ON review FOR EACH ROW EXECUTE FUNCTION keep_review_words();

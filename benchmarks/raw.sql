-- SPDX-License-Identifier: Apache-2.0
-- The tags of rules.py by hand, for everybody, without any governance: what a good engineer would
-- write for DuckDB. Events are read once; what counts for no tag is dropped; one pass for counts and
-- sums, one over baskets, one over categories, one over departments; cut points and long output at
-- the end. $events is the list of files, $now the instant in microseconds, $day the length of a day.

WITH e AS MATERIALIZED (
  SELECT subject_id, ts, event_type, category, session, amount, hour, weekday, brand, department,
         coupon_discount
  FROM read_parquet($events, hive_partitioning = false)
  WHERE ts <= $now
    AND (event_type = 'purchase'
         OR (event_type IN ('return', 'cancel', 'adjustment') AND ts > $now - 365 * $day)
         OR (event_type IN ('view', 'cart') AND ts > $now - 30 * $day))
),
people AS (
  SELECT subject_id,
    sum(CASE WHEN event_type IN ('purchase', 'return', 'cancel', 'adjustment')
              AND ts > $now - 365 * $day THEN amount END) AS spend_365,
    sum(CASE WHEN event_type IN ('purchase', 'return', 'cancel', 'adjustment')
              AND ts > $now - 90 * $day THEN amount END) AS spend_90,
    sum(CASE WHEN event_type IN ('purchase', 'return', 'cancel', 'adjustment')
              AND ts > $now - 180 * $day AND ts <= $now - 90 * $day THEN amount END) AS spend_before,
    sum(CASE WHEN event_type IN ('purchase', 'return', 'cancel', 'adjustment')
              AND ts > $now - 30 * $day THEN amount END) AS spend_30,
    sum(CASE WHEN event_type = 'purchase' AND ts > $now - 180 * $day THEN amount END) AS sold_180,
    sum(CASE WHEN event_type = 'purchase' AND ts > $now - 180 * $day AND brand = 'Private'
             THEN amount END) AS private_180,
    max(CASE WHEN event_type = 'purchase' THEN amount END) AS largest,
    max(CASE WHEN event_type = 'purchase' THEN ts END) AS last_bought,
    min(CASE WHEN event_type = 'purchase' THEN ts END) AS first_bought,
    sum(CAST(event_type = 'purchase' AS INTEGER)) AS lines,
    sum(CAST(event_type = 'purchase' AND weekday IN (6, 7) AS INTEGER)) AS lines_weekend,
    sum(CAST(event_type = 'purchase' AND ts > $now - 180 * $day AS INTEGER)) AS lines_180,
    sum(CAST(event_type = 'purchase' AND ts > $now - 180 * $day AND coupon_discount > 0
             AS INTEGER)) AS lines_coupon,
    sum(CAST(event_type = 'purchase' AND ts > $now - 90 * $day AND (hour >= 21 OR hour < 5)
             AS INTEGER)) AS lines_night,
    sum(CAST(event_type = 'purchase' AND ts > $now - 90 * $day
             AND department IN ('MEAT', 'MEAT-PCKGD') AS INTEGER)) AS lines_meat,
    sum(CAST(event_type = 'purchase' AND ts > $now - 30 * $day AS INTEGER)) AS lines_30,
    sum(CAST(event_type = 'cart' AND ts > $now - 30 * $day AS INTEGER)) AS carts_30,
    sum(CAST(event_type = 'view' AND ts > $now - 30 * $day AS INTEGER)) AS views_30,
    sum(CAST(event_type = 'return' AND ts > $now - 180 * $day AS INTEGER)) AS returns_180
  FROM e GROUP BY subject_id
),
baskets AS (
  SELECT subject_id, count(*) AS orders_365,
    sum(CAST(last > $now - 90 * $day AS INTEGER)) AS orders_90,
    sum(CAST(last > $now - 30 * $day AS INTEGER)) AS orders_30,
    sum(CAST(soft > $now - 30 * $day AS INTEGER)) AS orders_soft
  FROM (SELECT subject_id, session, max(ts) AS last,
               max(CASE WHEN category = 'SOFT DRINKS' THEN ts END) AS soft
        FROM e WHERE event_type = 'purchase' AND ts > $now - 365 * $day AND session IS NOT NULL
        GROUP BY subject_id, session)
  GROUP BY subject_id
),
variety AS (
  SELECT subject_id, count(*) AS categories_90
  FROM (SELECT DISTINCT subject_id, category FROM e
        WHERE event_type = 'purchase' AND ts > $now - 90 * $day AND category IS NOT NULL)
  GROUP BY subject_id
),
favourites AS (
  SELECT subject_id, arg_min(department, (-n, department)) AS favourite
  FROM (SELECT subject_id, department, count(*) AS n FROM e
        WHERE event_type = 'purchase' AND ts > $now - 180 * $day AND department IS NOT NULL
        GROUP BY subject_id, department)
  GROUP BY subject_id
),
wide AS MATERIALIZED (
  SELECT *, coalesce(orders_365, 0) AS f, coalesce(spend_365, 0) AS m,
         ($now - last_bought) // $day AS r, ($now - first_bought) // $day AS tenure
  FROM people LEFT JOIN baskets USING (subject_id) LEFT JOIN variety USING (subject_id)
  LEFT JOIN favourites USING (subject_id)
),
cuts AS (
  SELECT quantile_disc(r, [0.2, 0.4, 0.6, 0.8]) AS r_cuts,
         quantile_disc(f, [0.2, 0.4, 0.6, 0.8]) AS f_cuts,
         quantile_disc(m, [0.2, 0.4, 0.6, 0.8]) AS m_cuts
  FROM wide
),
scored AS (
  SELECT wide.*,
    1 + (r > r_cuts[1])::INT + (r > r_cuts[2])::INT + (r > r_cuts[3])::INT + (r > r_cuts[4])::INT
      AS r_tier,
    1 + (f > f_cuts[1])::INT + (f > f_cuts[2])::INT + (f > f_cuts[3])::INT + (f > f_cuts[4])::INT
      AS f_tier,
    1 + (m > m_cuts[1])::INT + (m > m_cuts[2])::INT + (m > m_cuts[3])::INT + (m > m_cuts[4])::INT
      AS m_tier
  FROM wide, cuts
)
SELECT subject_id, tag, value FROM (
  UNPIVOT (
    SELECT subject_id,
      CASE WHEN orders_90 >= 6 THEN 'true' END AS frequent_buyer,
      CASE WHEN spend_30 >= 1000000 THEN 'true' END AS spender_30d,
      CASE WHEN orders_soft >= 3 THEN 'true' END AS soft_drinks_fan,
      CASE WHEN r BETWEEN 31 AND 90 THEN 'true' END AS lapsing,
      CASE WHEN tenure <= 60 THEN 'true' END AS new_customer,
      CAST(r_tier AS VARCHAR) AS rfm_r,
      CAST(f_tier AS VARCHAR) AS rfm_f,
      CAST(m_tier AS VARCHAR) AS rfm_m,
      favourite AS favourite_department,
      CASE WHEN lines_coupon / nullif(lines_180, 0) >= 0.05::DOUBLE THEN 'true' END AS coupon_lover,
      CASE WHEN coalesce(private_180, 0) / nullif(sold_180, 0) >= 0.3::DOUBLE THEN 'true' END AS private_label,
      CASE WHEN lines_weekend / nullif(lines, 0) >= 0.4::DOUBLE THEN 'true' END AS weekend_shopper,
      CASE WHEN lines_night >= 10 THEN 'true' END AS night_shopper,
      CASE WHEN m / 10000 / nullif(f, 0) >= 50 THEN 'high' WHEN m / 10000 / nullif(f, 0) >= 20 THEN 'middle'
           WHEN f > 0 THEN 'low' END AS basket_value,
      CASE WHEN views_30 >= 20 AND coalesce(orders_30, 0) <= 1 THEN 'true' END AS looker,
      CASE WHEN carts_30 * 10 > 9 * lines_30 THEN 'true' END AS cart_leaver,
      CASE WHEN returns_180 / nullif(lines_180, 0) >= 0.02::DOUBLE THEN 'true' END AS returner,
      CASE WHEN largest >= 200000 THEN 'true' END AS big_ticket,
      CASE WHEN categories_90 >= 30 THEN 'true' END AS variety_seeker,
      CASE WHEN coalesce(spend_90, 0) / 10000 > 1.25::DOUBLE * (coalesce(spend_before, 0) / 10000)
           THEN 'true' END AS growing,
      CASE WHEN lines_meat >= 8 THEN 'true' END AS meat_lover,
      CASE WHEN r_tier <= 2 AND f_tier >= 4 AND m_tier >= 4 THEN 'true' END AS champion
    FROM scored
  ) ON COLUMNS(* EXCLUDE (subject_id)) INTO NAME tag VALUE value
)

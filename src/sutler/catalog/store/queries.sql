-- name: plan_by_values
-- Have what follows in this transaction planned for its values each time.
SELECT set_config('plan_cache_mode', 'force_custom_plan', true)

-- name: forget_plans
-- Have the statements and foreign key checks of this session planned anew, for the tables as they are now.
SELECT catalog.forget_plans()

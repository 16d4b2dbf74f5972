namespace Pup.Tests.Support;

/// <summary>The three promises, checked against the ledger: nothing skipped, nothing twice, each aggregate in order.</summary>
internal static class Ledger
{
    public static async Task AssertExactAsync(TestDatabase database, string projection = "ledger")
    {
        var (missing, twice, unknown, outOfOrder) = await CountAsync(database, projection);
        Assert.True(
            (missing, twice, unknown, outOfOrder) == (0, 0, 0, 0),
            $"{missing} events are missing, {twice} are there more than once, {unknown} are not in the log, {outOfOrder} are out of order");
    }

    public static async Task<(long Missing, long Twice, long Unknown, long OutOfOrder)> CountAsync(TestDatabase database, string projection = "ledger")
    {
        var missing = await database.ScalarAsync<long>(
            "select count(*) from events e where not exists (select 1 from ledger l where l.projection = $1 and l.global_position = e.global_position)", projection);
        var twice = await database.ScalarAsync<long>("select count(*) - count(distinct global_position) from ledger where projection = $1", projection);
        var unknown = await database.ScalarAsync<long>(
            "select count(*) from ledger l where l.projection = $1 and not exists (select 1 from events e where e.global_position = l.global_position)", projection);
        var outOfOrder = await database.ScalarAsync<long>(
            """
            select count(*) from (
                select aggregate_version, row_number() over (partition by aggregate_id order by ord) as expected
                from ledger where projection = $1) as l
            where aggregate_version <> expected
            """,
            projection);
        return (missing, twice, unknown, outOfOrder);
    }
}

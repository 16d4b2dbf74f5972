using Pup.Tests.Support;

namespace Pup.Tests.Deploy;

/// <summary>The log, and who reads it.</summary>
public sealed class LogAlertTests(PostgresServer server)
{
    [Fact]
    public async Task Alerts_fire_when_nobody_runs_a_projection_reads_the_log_or_is_scraped_and_when_events_come_late_and_end_with_it()
    {
        await using var cluster = await AlertedCluster.StartAsync(server, "Pup__AuditInterval=1s");

        await cluster.Database.ExecuteAsync("alter table events alter column global_position drop default");
        await cluster.Database.ExecuteAsync("insert into projections (name, partitions, configured_partitions, key_signature, scope_signature) values ('gone', 1, 1, '', '')");
        await cluster.Database.ExecuteAsync("insert into projection_checkpoints (projection_name, last_global_position) values ('gone', 10)");
        await cluster.FireAloneAsync("PupFeedDown", "PupPartitionsWithoutSilo");
        await cluster.Database.ExecuteAsync("delete from projection_checkpoints where projection_name = 'gone'");
        await cluster.Database.ExecuteAsync("delete from projections where name = 'gone'");
        await cluster.Database.ExecuteAsync("alter table events alter column global_position set default nextval('events_global_position_seq')");
        await cluster.QuietAsync();

        var free = await cluster.Database.ScalarAsync<long>("select nextval('events_global_position_seq')");
        await EventLog.AppendOneAsync(cluster.Database, "a0");
        // The audit has counted by then what the mark has passed.
        await cluster.ShowsAsync($"min_over_time(pupsourcing_log_mark[4s]) > {free}");
        await cluster.Database.ExecuteAsync(
            """
            insert into events (global_position, bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, payload)
            values ($1, 'Test', 'Thing', 'late', 1, gen_random_uuid(), 'Happened', '')
            """,
            free);
        await cluster.FireAloneAsync("PupLateEvents");
        await cluster.QuietAsync();

        await cluster.Prometheus.WatchAsync();
        await cluster.FireAloneAsync("PupLagUnknown");
        await cluster.WatchAsync();
        await cluster.QuietAsync();
    }
}

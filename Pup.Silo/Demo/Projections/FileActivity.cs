using Pup.Client.Events;
using Pup.Grains.Projections;
using Pup.Silo.Demo.Import;

namespace Pup.Silo.Demo.Projections;

/// <summary>How often each file changed and whether it exists. The fast style: statements are queued, nothing is read.</summary>
internal sealed class FileActivity : IReadModelProjection, IResettableProjection
{
    public string Name => "file_activity";

    public ProjectionScope Scope { get; } = new([SourceEvents.Context], [SourceEvents.FileAggregate]);

    public int ReadModelVersion => 1;

    private const string CreateTable = """
        create table if not exists file_activity (
            path text primary key,
            alive boolean not null,
            changes bigint not null,
            lines_added bigint not null,
            lines_removed bigint not null,
            last_commit text not null,
            last_changed_at timestamptz not null
        )
        """;

    public ValueTask PrepareReadModelAsync(int storedVersion, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute(CreateTable);
        return ValueTask.CompletedTask;
    }

    private const string Upsert = """
        insert into file_activity as f (path, alive, changes, lines_added, lines_removed, last_commit, last_changed_at)
        values ($1, $2, 1, $3, $4, $5, $6)
        on conflict (path) do update set
            alive = excluded.alive,
            changes = f.changes + 1,
            lines_added = f.lines_added + excluded.lines_added,
            lines_removed = f.lines_removed + excluded.lines_removed,
            last_commit = excluded.last_commit,
            last_changed_at = excluded.last_changed_at
        """;

    public ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        var change = SourcePayload.Of(@event);
        var alive = @event.EventType != "FileDeleted";
        transaction.Execute(Upsert, @event.AggregateId, alive, change.Added, change.Removed, change.Commit, change.At);
        return ValueTask.CompletedTask;
    }

    public ValueTask ResetAsync(ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute("truncate file_activity");
        return ValueTask.CompletedTask;
    }
}

using System.Text;
using Pup.Client.Events;
using Pup.Grains.Partitions;
using Pup.Grains.Projections;
using Pup.Tests.Support;

namespace Pup.Tests.Projections.Documents;

/// <summary>Runs batches of events through a document projection as the engine does: commit, or forget.</summary>
internal sealed class DocumentRunner<TDocument>(TestDatabase database, DocumentProjection<TDocument> projection)
    where TDocument : class
{
    private readonly IBatchProjection _batch = projection;

    public DocumentReader<TDocument> Reader { get; } = new(database.DataSource, projection);

    public List<(string Sql, int Item)> Sent { get; private set; } = [];

    /// <summary>The item to which the last failure was laid.</summary>
    public int FailedItem { get; private set; }

    public static async Task<DocumentRunner<TDocument>> CreateAsync(TestDatabase database, DocumentProjection<TDocument> projection)
    {
        await using var transaction = await DirectTransaction.BeginAsync(database.DataSource);
        await ((IReadModelProjection)projection).PrepareReadModelAsync(0, transaction, CancellationToken.None);
        await transaction.CommitAsync();
        return new DocumentRunner<TDocument>(database, projection);
    }

    public async Task RunAsync(params IReadOnlyList<PersistedEvent> events)
    {
        await using var transaction = await DirectTransaction.BeginAsync(database.DataSource);
        try
        {
            await _batch.HandleAsync(Items(events), transaction, TestContext.Current.CancellationToken);
            await transaction.CommitAsync();
            Sent = transaction.Sent;
        }
        catch
        {
            FailedItem = transaction.CurrentItem;
            _batch.Forget();
            throw;
        }
    }

    public async Task ResetAsync()
    {
        await using var transaction = await DirectTransaction.BeginAsync(database.DataSource);
        await projection.ResetAsync(transaction, CancellationToken.None);
        await transaction.CommitAsync();
    }

    /// <summary>Everything handled, then lost: the transaction is rolled back as if COMMIT had failed.</summary>
    public async Task RunAndLoseAsync(params IReadOnlyList<PersistedEvent> events)
    {
        await using (var transaction = await DirectTransaction.BeginAsync(database.DataSource))
            await _batch.HandleAsync(Items(events), transaction, TestContext.Current.CancellationToken);
        _batch.Forget();
    }

    public async Task<SortedDictionary<string, TDocument>> AllAsync()
    {
        var all = new SortedDictionary<string, TDocument>(StringComparer.Ordinal);
        await foreach (var document in Reader.QueryAsync("{}", limit: int.MaxValue))
            all.Add(document.Id, document.Value);
        return all;
    }

    private List<WorkItem> Items(IReadOnlyList<PersistedEvent> events) =>
        [.. events.SelectMany(e => _batch.KeysOf(e).Distinct().Select(key => new WorkItem(e, key, Partitioner.Hash(key))))];
}

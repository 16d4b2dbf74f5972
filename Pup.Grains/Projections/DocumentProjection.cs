using System.Text.Json.Serialization.Metadata;
using Npgsql;
using Pup.Client.Events;
using Pup.Grains.Partitions;
using Pup.Grains.Projections.Documents;

namespace Pup.Grains.Projections;

/// <summary>
/// A projection whose read model is a table of JSON documents. The author says which documents an event addresses and what a
/// document is after it; the engine loads, folds and writes each document of a batch once. Partitioned by the identity of the
/// document, so one document has one writer. Documents must survive a round trip through JSON.
/// </summary>
public abstract class DocumentProjection<TDocument> : IBatchProjection, IResettableProjection, IReadModelProjection
    where TDocument : class
{
    private DocumentTable? _table;
    private DocumentCache? _cache;
    private DocumentFold<TDocument>? _fold;

    /// <inheritdoc />
    public abstract string Name { get; }

    /// <inheritdoc />
    public virtual ProjectionScope Scope => ProjectionScope.All;

    /// <summary>Version of the document's shape, from 1. A change means <c>needs rebuild</c>. Default: 1.</summary>
    public virtual int DocumentVersion => 1;

    /// <summary>Version of the identity. Raise it when events address other documents than before: it means <c>needs rebuild</c>. Default: 1.</summary>
    public virtual int IdentityVersion => 1;

    /// <summary>Name of the table: the projection's name and <c>_documents</c>, shortened where PostgreSQL would cut it off.</summary>
    public string TableName => Table.Name;

    /// <summary>Most bytes of documents remembered between batches, per partition; 0 turns the cache off. Default: 8 MiB.</summary>
    protected virtual long CacheBytes => 8L << 20;

    /// <summary>
    /// How documents are written; give a source-generated one where code is trimmed or start-up counts. Default: by reflection, camelCase.
    /// </summary>
    protected virtual JsonTypeInfo<TDocument> JsonTypeInfo => DocumentJson<TDocument>.ByReflection();

    internal DocumentTable Table => _table ??= new DocumentTable(Name);

    internal JsonTypeInfo<TDocument> TypeInfo => DocumentJson<TDocument>.Lenient(JsonTypeInfo);

    private DocumentCache Cache => _cache ??= new DocumentCache(CacheBytes);

    private DocumentFold<TDocument> Fold => _fold ??= new DocumentFold<TDocument>(Table, new DocumentJson<TDocument>(TypeInfo), Apply, Cache);

    string IBatchProjection.KeySignature => $"document@{IdentityVersion}";

    int IReadModelProjection.ReadModelVersion => DocumentVersion;

    /// <summary>The document that an event addresses; null when it concerns none. Pure, and called while others are folded. Default: the aggregate's id.</summary>
    protected virtual string? IdentityOf(PersistedEvent @event) => @event.AggregateId;

    /// <summary>The documents that an event addresses, when there may be several. Default: <see cref="IdentityOf"/>.</summary>
    protected virtual IEnumerable<string> IdentitiesOf(PersistedEvent @event) => IdentityOf(@event) is { } id ? [id] : [];

    /// <summary>
    /// What the document is after the event: <paramref name="document"/> is null when there is none yet, and a result of null
    /// deletes it. Pure: no clock, no randomness, no other input; it may be called again for the same event.
    /// </summary>
    protected abstract TDocument? Apply(TDocument? document, PersistedEvent @event);

    /// <summary>As <see cref="Apply(TDocument, PersistedEvent)"/>, for projections that must know which of several documents this is.</summary>
    protected virtual TDocument? Apply(string id, TDocument? document, PersistedEvent @event) => Apply(document, @event);

    IEnumerable<string> IBatchProjection.KeysOf(PersistedEvent @event)
    {
        foreach (var id in IdentitiesOf(@event))
            yield return DocumentId.Checked(id);
    }

    ValueTask IBatchProjection.HandleAsync(IReadOnlyList<WorkItem> items, ProjectionTransaction transaction, CancellationToken cancellationToken) =>
        Fold.HandleAsync(items, transaction, cancellationToken);

    ValueTask IProjection.HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        var keys = ((IBatchProjection)this).KeysOf(@event).Distinct(StringComparer.Ordinal);
        return Fold.HandleAsync([.. keys.Select(key => new WorkItem(@event, key, Partitioner.Hash(key)))], transaction, cancellationToken);
    }

    void IBatchProjection.Forget() => Cache.Clear();

    /// <inheritdoc />
    public ValueTask ResetAsync(ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        Cache.Clear();
        transaction.Execute(new NpgsqlBatchCommand(Table.Truncate));
        return ValueTask.CompletedTask;
    }

    async ValueTask IReadModelProjection.PrepareReadModelAsync(int storedVersion, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        if (DocumentVersion < 1)
            throw new InvalidOperationException($"DocumentVersion of projection '{Name}' is {DocumentVersion}; versions start at 1.");
        Cache.Clear();
        await DocumentTableOwner.CheckAsync(Table, transaction, cancellationToken);
        transaction.Execute(new NpgsqlBatchCommand(Table.Create));
        transaction.Execute(new NpgsqlBatchCommand(Table.Claim));
    }
}

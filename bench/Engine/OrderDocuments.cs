using System.Text.Json.Serialization.Metadata;
using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Bench.Engine;

/// <summary>The documents that the fold by hand writes, by the engine.</summary>
internal sealed class OrderDocuments : DocumentProjection<OrderDocument>
{
    public const string ReadModelTable = "orders_documents";

    public override string Name => "orders";

    protected override JsonTypeInfo<OrderDocument> JsonTypeInfo => OrderDocumentJson.Default.OrderDocument;

    protected override OrderDocument Apply(OrderDocument? document, PersistedEvent @event)
    {
        document ??= new OrderDocument();
        document.Apply(OrderPayload.AmountOf(@event.Payload.Span), @event.AggregateVersion);
        return document;
    }
}

using Microsoft.Extensions.Logging;
using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Tests.Docs.Samples;

#region example-logging
public sealed partial class LoggedOrders(ILogger<LoggedOrders> logger) : IProjection
{
    public string Name => "logged_orders";

    public ProjectionScope Scope { get; } = new(eventTypes: ["OrderPlaced"]);

    public ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        LogPlaced(@event.AggregateId, @event.GlobalPosition);
        return ValueTask.CompletedTask;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Order {OrderId} was placed, at position {Position}")]
    private partial void LogPlaced(string orderId, long position);
}
#endregion

using Microsoft.EntityFrameworkCore;
using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Tests.Docs.Samples;

#region ef-core
public sealed class Shipment
{
    public required string Id { get; set; }

    public DateTimeOffset PlacedAt { get; set; }

    public DateTimeOffset? ShippedAt { get; set; }
}

public sealed class ShipmentContext(DbContextOptions<ShipmentContext> options) : DbContext(options)
{
    public DbSet<Shipment> Shipments => Set<Shipment>();

    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.Entity<Shipment>().ToTable("shipments");
}

public sealed class Shipments : IReadModelProjection
{
    private const string CreateSql = """
        create table if not exists shipments ("Id" text primary key, "PlacedAt" timestamptz not null, "ShippedAt" timestamptz)
        """;

    public string Name => "shipments";

    public ProjectionScope Scope { get; } = new(eventTypes: ["OrderPlaced", "OrderShipped"]);

    public int ReadModelVersion => 1;

    public ValueTask PrepareReadModelAsync(int storedVersion, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        transaction.Execute(CreateSql);
        return ValueTask.CompletedTask;
    }

    public async ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        var live = await transaction.OpenAsync(cancellationToken);
        var options = new DbContextOptionsBuilder<ShipmentContext>().UseNpgsql(live.Connection!).Options;
        await using var context = new ShipmentContext(options);
        await context.Database.UseTransactionAsync(live, cancellationToken);

        if (@event.EventType == "OrderPlaced")
            context.Add(new Shipment { Id = @event.AggregateId, PlacedAt = @event.CreatedAt });
        else
            (await context.Shipments.SingleAsync(shipment => shipment.Id == @event.AggregateId, cancellationToken)).ShippedAt = @event.CreatedAt;
        await context.SaveChangesAsync(cancellationToken);
    }
}
#endregion

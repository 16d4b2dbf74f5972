using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Pup.Client.Events;
using Pup.Grains;
using Pup.Grains.Projections;

namespace Pup.Tests.Projections;

public sealed class ProjectionRegistryTests
{
    [Fact]
    public void Two_projections_of_one_name_are_refused_by_that_name()
    {
        var error = Assert.Throws<ArgumentException>(() => Registry(pup => pup.AddProjection<Orders>().AddProjection<OrdersToo>()));

        Assert.Contains("Two projections are called 'orders'", error.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(OrdersToo), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_projection_with_an_impossible_name_is_refused()
    {
        var error = Assert.Throws<ArgumentException>(() => Registry(pup => pup.AddProjection<LikeAPartition>()));

        Assert.Contains("'orders_p3' ends in '_p' and digits", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_of_a_projection_override_those_of_the_engine_and_are_validated()
    {
        var registry = Registry(pup => pup.AddProjection<Orders>(options => options.Partitions = 7));
        var orders = registry.Find("orders")!;

        Assert.Equal((7, 500), (orders.Partitions, orders.Limits.Events));
        Assert.NotSame(orders.Create(), orders.Create());
        Assert.ThrowsAny<Exception>(() => Registry(pup => pup.AddProjection<Orders>(options => options.Partitions = 0)));
    }

    private static ProjectionRegistry Registry(Action<PupBuilder> add)
    {
        var services = new ServiceCollection();
        add(services.AddPupEngine(options => options.ConnectionString = "Host=localhost"));
        var provider = services.BuildServiceProvider();
        return new ProjectionRegistry(provider.GetServices<ProjectionRegistration>(), provider.GetRequiredService<IOptions<PupOptions>>(), provider);
    }

    private class Orders : IProjection
    {
        public virtual string Name => "orders";

        public ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }

    private sealed class OrdersToo : Orders;

    private sealed class LikeAPartition : Orders
    {
        public override string Name => "orders_p3";
    }
}

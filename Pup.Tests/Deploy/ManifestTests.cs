using System.Globalization;
using k8s;
using k8s.Models;
using Pup.Tests.Docs;

namespace Pup.Tests.Deploy;

/// <summary>What the manifests promise. deploy/verify.sh builds the overlays and asks the schemas.</summary>
public sealed class ManifestTests
{
    private const string Name = "app.kubernetes.io/name";

    public static TheoryData<string> Folders => [.. Manifests.Folders];

    private static V1Deployment Silos => Manifests.The<V1Deployment>();

    private static V1PodSpec SiloPod => Silos.Spec.Template.Spec;

    private static V1Container Silo => Assert.Single(SiloPod.Containers);

    private static IEnumerable<V1PodSpec> Pods => [SiloPod, Manifests.The<V1Job>().Spec.Template.Spec];

    [Theory]
    [MemberData(nameof(Folders))]
    public void Every_manifest_of_a_folder_is_applied_and_whatever_is_applied_is_there(string folder)
    {
        var resources = Manifests.KustomizationOf(folder).Resources;
        Assert.All(resources, resource => Assert.True(Path.Exists(Repository.PathOf(Path.Combine(folder, resource))), resource));
        Assert.Equal(Manifests.FilesOf(folder).Select(Path.GetFileName).Order(), resources.Where(static resource => resource.EndsWith(".yaml", StringComparison.Ordinal)).Order());
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Every_patch_is_for_an_object_that_is_there(string folder)
    {
        var objects = Manifests.OfBase.Select(static one => (one.ApiVersion, one.Kind, one.Metadata.Name)).ToList();
        foreach (var patch in Manifests.KustomizationOf(folder).Patches)
        {
            if (patch.Target is { } target)
            {
                Assert.Contains(objects, one => (one.Kind, one.Name) == (target.Kind, target.Name));
                continue;
            }

            var patched = KubernetesYaml.Deserialize<V1ConfigMap>(patch.Patch);
            Assert.Contains((patched.ApiVersion, patched.Kind, patched.Metadata.Name), objects);
        }
    }

    [Fact]
    public void There_are_never_more_silos_than_partitions()
    {
        var partitions = Silo.Env.Single(static variable => variable.Name == "TOTAL_PARTITIONS").Value;
        var autoscaler = Manifests.The<V2HorizontalPodAutoscaler>().Spec;
        Assert.Equal(partitions, autoscaler.MaxReplicas.ToString(CultureInfo.InvariantCulture));
        Assert.Equal(("Deployment", Silos.Metadata.Name), (autoscaler.ScaleTargetRef.Kind, autoscaler.ScaleTargetRef.Name));
        Assert.Null(Silos.Spec.Replicas);
        Assert.Contains($"\n  maxReplicaCount: {partitions}\n", Repository.Read("deploy/kubernetes/overlays/lag/scaled-object.yaml"), StringComparison.Ordinal);
    }

    [Fact]
    public void Pods_keep_to_the_restricted_standard_and_hold_no_token()
    {
        Assert.Equal(false, Manifests.The<V1ServiceAccount>().AutomountServiceAccountToken);
        foreach (var pod in Pods)
        {
            Assert.Equal(Manifests.The<V1ServiceAccount>().Metadata.Name, pod.ServiceAccountName);
            Assert.Equal(false, pod.AutomountServiceAccountToken);
            Assert.Equal((true, 10001L, "RuntimeDefault"), (pod.SecurityContext.RunAsNonRoot, pod.SecurityContext.RunAsUser, pod.SecurityContext.SeccompProfile.Type));
            Assert.All([.. pod.Containers, .. pod.InitContainers ?? []], static container =>
            {
                Assert.Equal((false, true), (container.SecurityContext.AllowPrivilegeEscalation, container.SecurityContext.ReadOnlyRootFilesystem));
                Assert.Equal(["ALL"], container.SecurityContext.Capabilities.Drop);
                Assert.Null(container.SecurityContext.Capabilities.Add);
                Assert.Equal(["cpu", "memory"], container.Resources.Requests.Keys.Order());
                // Throttled in the middle of a batch it would hold locks.
                Assert.Equal(["memory"], container.Resources.Limits.Keys);
            });
        }
    }

    [Fact]
    public void Silos_are_equal_and_spread_and_asked_for_their_health_in_three_ways()
    {
        Assert.DoesNotContain(Manifests.OfBase, static one => one is V1StatefulSet or V1Secret);
        Assert.Equal(
            ("/health/live", "/health/live", "/health/ready"),
            (Silo.StartupProbe.HttpGet.Path, Silo.LivenessProbe.HttpGet.Path, Silo.ReadinessProbe.HttpGet.Path));
        Assert.Equal(["kubernetes.io/hostname", "topology.kubernetes.io/zone"], SiloPod.TopologySpreadConstraints.Select(static constraint => constraint.TopologyKey));
        Assert.Equal((0, 1), (int.Parse(Silos.Spec.Strategy.RollingUpdate.MaxUnavailable, CultureInfo.InvariantCulture), int.Parse(Manifests.The<V1PodDisruptionBudget>().Spec.MaxUnavailable, CultureInfo.InvariantCulture)));
        // More than a silo takes to stop.
        Assert.True(SiloPod.TerminationGracePeriodSeconds > 30);
        IEnumerable<IDictionary<string, string>> selectors =
        [
            Silos.Spec.Selector.MatchLabels,
            Manifests.The<V1Service>().Spec.Selector,
            Manifests.The<V1PodDisruptionBudget>().Spec.Selector.MatchLabels,
            Manifests.The<V1NetworkPolicy>().Spec.PodSelector.MatchLabels,
            .. SiloPod.TopologySpreadConstraints.Select(static constraint => constraint.LabelSelector.MatchLabels),
        ];
        Assert.All(selectors, static selector => Assert.Equal(Silos.Spec.Template.Metadata.Labels[Name], Assert.Single(selector).Value));
    }

    [Fact]
    public void The_tables_are_made_by_a_job_of_its_own()
    {
        var container = Assert.Single(Manifests.The<V1Job>().Spec.Template.Spec.Containers);
        Assert.Equal((Silo.Image, "migrate"), (container.Image, Assert.Single(container.Args)));
        Assert.DoesNotContain(Silo.Env, static variable => variable.Name.Contains("AutoMigrate", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void The_silo_port_is_for_silos_the_gateway_for_clients_and_no_other_port_is_open_but_http()
    {
        var ports = Silo.Ports.ToDictionary(static port => port.Name, static port => port.ContainerPort);
        var policy = Manifests.The<V1NetworkPolicy>().Spec;
        Assert.Contains("Ingress", policy.PolicyTypes);
        Assert.Equal(ports.Values.Order(), policy.Ingress.SelectMany(static rule => rule.Ports).Select(static port => int.Parse(port.Port, CultureInfo.InvariantCulture)).Order());
        AssertOnly("silo", Name, Silos.Spec.Template.Metadata.Labels[Name]);
        AssertOnly("gateway", "pup.dev/client", "true");
        var service = Assert.Single(Manifests.The<V1Service>().Spec.Ports);
        Assert.Equal("http", service.TargetPort);
        Assert.Equal(ports["http"], service.Port);
        // Prometheus finds the metrics by these, at the port that the silo is told to listen on.
        var annotations = Silos.Spec.Template.Metadata.Annotations;
        Assert.Equal(("true", "/metrics"), (annotations["prometheus.io/scrape"], annotations["prometheus.io/path"]));
        Assert.Equal($"0.0.0.0:{annotations["prometheus.io/port"]}", Silo.Env.Single(static variable => variable.Name == "Pup__Http").Value);
        Assert.Equal(ports["http"].ToString(CultureInfo.InvariantCulture), annotations["prometheus.io/port"]);

        void AssertOnly(string port, string label, string value)
        {
            var from = Assert.Single(Assert.Single(policy.Ingress, rule => rule.Ports.Any(one => one.Port == ports[port].ToString(CultureInfo.InvariantCulture))).FromProperty);
            Assert.Null(from.NamespaceSelector);
            Assert.Equal(KeyValuePair.Create(label, value), Assert.Single(from.PodSelector.MatchLabels));
        }
    }
}

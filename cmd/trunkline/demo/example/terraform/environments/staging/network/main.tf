terraform {
  backend "local" {
    path = "$DEPLOYED/staging/network.tfstate"
  }
}

module "network" {
  source      = "../../../modules/network"
  environment = "staging"
  cidr        = "10.20.0.0/16"
  subnet_size = 256
}

output "deployed" {
  value = module.network.deployed
}
